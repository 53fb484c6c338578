import { createHash } from 'node:crypto';
import { fault, validation } from '../fault.ts';

/** A signing algorithm's name taken apart: the scheme and Node's name of the hash. */
export interface SigningScheme {
  readonly scheme: 'pss' | 'pkcs1' | 'ecdsa' | 'ed25519';
  readonly hash: 'sha256' | 'sha384' | 'sha512';
}

const PREFIXES: readonly (readonly [string, SigningScheme['scheme']])[] = [
  ['RSASSA_PSS_', 'pss'],
  ['RSASSA_PKCS1_V1_5_', 'pkcs1'],
  ['ECDSA_', 'ecdsa'],
  ['ED25519_SHA_512', 'ed25519'],
];
const SIZES = { sha256: 32, sha384: 48, sha512: 64 } as const;

/** @throws UnsupportedOperationException for algorithms that Node's cryptography lacks. */
export function schemeOf(algorithm: string): SigningScheme {
  const [, scheme] = PREFIXES.find(([prefix]) => algorithm.startsWith(prefix)) ?? [];
  const hash = (['sha256', 'sha384', 'sha512'] as const).find((each) =>
    algorithm.endsWith(each.slice('sha'.length)),
  );
  if (scheme && hash) return { scheme, hash };
  throw fault('UnsupportedOperationException', `${algorithm} is not supported here.`);
}

/** The digest that is signed: the message itself, if the caller has hashed it. */
export function digestOf(message: Uint8Array, type: string | undefined, algorithm: string): Buffer {
  const { hash, scheme } = schemeOf(algorithm);
  if (type === 'EXTERNAL_MU' || (type === 'DIGEST' && scheme === 'ed25519')) {
    throw validation(`Message type ${type} is not valid for algorithm ${algorithm}.`);
  }
  if (type !== 'DIGEST') return createHash(hash).update(message).digest();
  if (message.length !== SIZES[hash]) {
    throw validation(`Digest is invalid length for algorithm ${algorithm}.`);
  }
  return Buffer.from(message);
}
