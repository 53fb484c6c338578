import { createPublicKey, type KeyObject } from 'node:crypto';
import { readRegular } from '../../files/regular.ts';

/**
 * Reads the PEM key that bundles are verified with. OpenSSL would accept a private key here, but a proxy
 * that only verifies must not be able to sign. @throws Error
 */
export function readVerificationKey(file: string): KeyObject {
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
