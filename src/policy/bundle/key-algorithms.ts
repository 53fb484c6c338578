import type { KeyObject } from 'node:crypto';
import type { SigningAlgorithm } from '../../signing-algorithms.ts';

/** Algorithms that each type of key can sign with; the first is the usual one, but for curves. */
const ALGORITHMS: Readonly<Record<string, readonly SigningAlgorithm[]>> = {
  rsa: ['RS256', 'RS384', 'RS512'],
  ec: ['ES256', 'ES384', 'ES512'],
  ed25519: ['EdDSA'],
};

const OF_CURVES: Readonly<Record<string, SigningAlgorithm>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
};

/** Empty for a type of key that signs no bundles. */
export function algorithmsOf(key: KeyObject): readonly string[] {
  return ALGORITHMS[String(key.asymmetricKeyType)] ?? [];
}

/** What a key is used with unless somebody says otherwise. */
export function usualAlgorithm(key: KeyObject): SigningAlgorithm {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  return OF_CURVES[details?.namedCurve ?? ''] ?? ALGORITHMS[String(type)]?.[0] ?? 'RS256';
}

/** `A, B or C`. */
export function either(names: readonly string[]): string {
  return new Intl.ListFormat('en-GB', { type: 'disjunction' }).format(names);
}
