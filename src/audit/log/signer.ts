import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto';
import { toVkey } from './vkey.ts';

/** What signs checkpoints: with Ed25519, or with ECDSA over P-256 and SHA-256. */
export interface Signer {
  /** The public half: `name+hash+key`. */
  readonly vkey: string;
  /** The signature over a note's text. */
  sign(text: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/** @param pem an Ed25519 private key, PKCS #8 PEM (`openssl genpkey -algorithm ed25519`) */
export function createEd25519Signer(pem: Buffer, origin: string): Signer {
  const key = privateKeyOf(pem);
  if (key?.asymmetricKeyType !== 'ed25519') {
    throw new Error('the signing key is not an Ed25519 private key in PEM');
  }
  return { vkey: toVkey(origin, createPublicKey(key)), sign: (text) => sign(null, text, key) };
}

export function makeEd25519Key(): Buffer {
  const { privateKey } = generateKeyPairSync('ed25519');
  return Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' }));
}

/** Hides OpenSSL's error: for anything that is not a key, it is `DECODER routines::unsupported`. */
function privateKeyOf(pem: Buffer): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return;
  }
}
