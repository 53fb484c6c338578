import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { CommandFailure } from '../command.ts';

/** Prefix of the algorithms that each type of key can sign with. */
const ALGORITHMS: Readonly<Record<string, string>> = { rsa: 'RS', ec: 'ES', ed25519: 'EdDSA' };

/**
 * Checked here, because opa's message of a key that cannot sign shows only its own internals.
 * @throws CommandFailure
 */
export function refuseOtherKey(file: string, algorithm: string): void {
  const type = typeOf(file);
  const begin = ALGORITHMS[type ?? ''];
  if (begin === undefined || algorithm.startsWith(begin)) return;
  const hint = `--signing-alg names ${begin === 'EdDSA' ? begin : `${begin}256, ${begin}384 or ${begin}512`}`;
  throw new CommandFailure(
    `${file} is of type ${type}, which cannot sign by ${algorithm}; ${hint}`,
  );
}

function typeOf(file: string): string | undefined {
  const pem = read(file);
  try {
    return createPrivateKey(pem).asymmetricKeyType;
  } catch {
    throw new CommandFailure(`${file} does not hold a private key in PEM`);
  }
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new CommandFailure(`${file} cannot be read: ${(cause as Error).message}`);
  }
}
