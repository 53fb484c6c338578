import { createPublicKey, type KeyObject } from 'node:crypto';
import { readRegular } from '../../files/regular.ts';
import type { SigningAlgorithm } from '../../signing-algorithms.ts';
import { algorithmsOf, either, usualAlgorithm } from './key-algorithms.ts';
import type { VerificationKey } from './signature.ts';

/**
 * Reads the PEM key that bundles are verified with, by the algorithm that is usual for it if none is given. A key
 * of another type would never verify anything, and each bundle would be blamed for that. @throws Error
 */
export function readVerificationKey(file: string, algorithm?: SigningAlgorithm): VerificationKey {
  const key = readPublicKey(file);
  const fitting = algorithmsOf(key);
  if (fitting.length === 0)
    throw new Error(`${file} is of type ${key.asymmetricKeyType}, which signs no bundles`);
  const chosen = algorithm ?? usualAlgorithm(key);
  if (fitting.includes(chosen)) return { algorithm: chosen, key };
  const hint = `with such a key, algorithm must be ${either(fitting)}`;
  throw new Error(`${file} is of type ${key.asymmetricKeyType}, and not for ${chosen}: ${hint}`);
}

/** OpenSSL would accept a private key here, but a proxy that only verifies must not be able to sign. */
function readPublicKey(file: string): KeyObject {
  const pem = readRegular(file).toString();
  if (/^-----BEGIN [A-Z ]*PRIVATE KEY-----/m.test(pem)) {
    throw new Error(
      `${file} holds a private key, which can sign; \`openssl pkey -pubout\` makes the public one of it`,
    );
  }
  try {
    return createPublicKey(pem);
  } catch (cause) {
    // OpenSSL's own message, `DECODER routines::unsupported`, helps nobody.
    throw new Error(`${file} does not hold a public key in PEM`, { cause });
  }
}
