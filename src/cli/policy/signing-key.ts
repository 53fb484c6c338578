import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { algorithmsOf, either } from '../../policy/bundle/key-algorithms.ts';
import { messageOf } from '../../thrown.ts';
import { CommandFailure } from '../command.ts';

/**
 * Checked here, because opa's message of a key that cannot sign shows only its own internals.
 * @throws CommandFailure
 */
export function refuseOtherKey(file: string, algorithm: string): void {
  const key = readKey(file);
  const fitting = algorithmsOf(key);
  if (fitting.length === 0 || fitting.includes(algorithm)) return;
  const hint = `--signing-alg names ${either(fitting)}`;
  throw new CommandFailure(
    `${file} is of type ${key.asymmetricKeyType}, which cannot sign by ${algorithm}; ${hint}`,
  );
}

function readKey(file: string): KeyObject {
  const pem = read(file);
  try {
    return createPrivateKey(pem);
  } catch {
    throw new CommandFailure(`${file} does not hold a private key in PEM`);
  }
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new CommandFailure(`${file} cannot be read: ${messageOf(cause)}`);
  }
}
