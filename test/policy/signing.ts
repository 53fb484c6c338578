import { createHash, type KeyObject, sign } from 'node:crypto';
import { opaJson } from '../../src/policy/bundle/opa-json.ts';
import type { Entry } from './tar.ts';

export interface Signing {
  readonly key: KeyObject;
  readonly algorithm?: 'RS256' | 'ES256' | 'EdDSA';
  /** What is signed, with leading slashes. */
  readonly files: readonly Entry[];
  readonly hash?: 'SHA-256' | 'SHA-384' | 'SHA-512' | 'SHA-1';
  /** Replace the right values. */
  readonly header?: object;
  readonly payload?: object;
}

export const base64Url = (value: object) =>
  Buffer.from(JSON.stringify(value)).toString('base64url');

/** A signature as `opa build` makes it, except what a test wants wrong. */
export function bundleToken(signing: Signing): string {
  const { key, algorithm = 'RS256', files, hash = 'SHA-256', header, payload } = signing;
  const signed = files.map((entry) => ({
    name: entry.name.slice(1),
    hash: hashOf(entry, hash.replace('-', '').toLowerCase()),
    algorithm: hash,
  }));
  const text = [
    base64Url({ alg: algorithm, kid: 'k', typ: 'JWT', ...header }),
    base64Url({ files: signed, keyid: 'k', ...payload }),
  ].join('.');
  const digest = algorithm === 'EdDSA' ? null : 'sha256';
  const by = { key, dsaEncoding: 'ieee-p1363' } as const;
  return `${text}.${sign(digest, Buffer.from(text), by).toString('base64url')}`;
}

function hashOf({ name, content = '' }: Entry, algorithm: string): string {
  const structured = name === '/data.json' || name === '/.manifest';
  const bytes = structured ? opaJson(Buffer.from(content).toString()) : content;
  return createHash(algorithm).update(bytes).digest('hex');
}

/** The file that holds signatures; OPA wants exactly one in it. */
export function signaturesFile(...tokens: string[]): Entry {
  return { name: '/.signatures.json', content: JSON.stringify({ signatures: tokens }) };
}
