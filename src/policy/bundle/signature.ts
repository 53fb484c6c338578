import { Buffer } from 'node:buffer';
import { hash, type KeyObject, verify } from 'node:crypto';
import { z } from 'zod';
import type { SigningAlgorithm } from '../../signing-algorithms.ts';
import { BundleFault } from './fault.ts';
import { opaJson } from './opa-json.ts';

export const SIGNATURES_FILE = '.signatures.json';

/** Options of node:crypto for each algorithm. */
const ALGORITHMS = {
  RS256: { digest: 'sha256', dsaEncoding: undefined },
  RS384: { digest: 'sha384', dsaEncoding: undefined },
  RS512: { digest: 'sha512', dsaEncoding: undefined },
  ES256: { digest: 'sha256', dsaEncoding: 'ieee-p1363' },
  ES384: { digest: 'sha384', dsaEncoding: 'ieee-p1363' },
  ES512: { digest: 'sha512', dsaEncoding: 'ieee-p1363' },
  EdDSA: { digest: null, dsaEncoding: undefined },
} as const satisfies Record<SigningAlgorithm, object>;

export interface VerificationKey {
  readonly algorithm: SigningAlgorithm;
  readonly key: KeyObject;
}

/** If this is given, a bundle without a valid signature is refused, whatever the bundle itself says. */
export interface Verification {
  readonly keys: Readonly<Record<string, VerificationKey>>;
  /** Id of the one key to use; otherwise the signature names it, and it must be among the keys. */
  readonly keyId?: string | undefined;
  /** Must equal the scope in the signature; '' by default. */
  readonly scope?: string;
}

const signaturesSchema = z.strictObject({
  signatures: z.tuple([z.string()], { error: 'must be one signature' }),
  plugin: z.literal('_default').optional(),
});

const headerSchema = z.looseObject({ alg: z.string(), kid: z.string().optional() });

const payloadSchema = z.looseObject({
  files: z.array(
    z.strictObject({
      name: z.string(),
      hash: z.string(),
      algorithm: z.enum(['SHA-256', 'SHA-384', 'SHA-512']),
    }),
  ),
  keyid: z.string().optional(),
  scope: z.string().default(''),
});

/**
 * Checks a bundle's signature: made by the right key, for the right scope, over exactly the files in
 * the bundle. https://www.openpolicyagent.org/docs/management-bundles#signing @throws BundleFault
 */
export function verifySignature(
  files: ReadonlyMap<string, Buffer>,
  { keys, keyId, scope = '' }: Verification,
): void {
  const token = readToken(files);
  const payload = openToken(token, keys, keyId);
  if (payload.scope !== scope) {
    throw new BundleFault(`the bundle is signed for scope '${payload.scope}', not '${scope}'`);
  }
  const signed = new Map(payload.files.map((file) => [plainName(file.name), file]));
  if (signed.size !== payload.files.length) throw new BundleFault('a file is signed twice');
  for (const name of files.keys()) {
    if (name !== SIGNATURES_FILE && !signed.has(name)) {
      throw new BundleFault(`the bundle's signature does not cover ${name}`);
    }
  }
  for (const [name, { hash: expected, algorithm }] of signed) {
    const content = files.get(name);
    if (!content) throw new BundleFault(`the bundle lacks ${name}, which its signature covers`);
    if (hashOf(name, content, algorithm) !== expected) {
      throw new BundleFault(`the bundle's ${name} is not what was signed`);
    }
  }
}

function readToken(files: ReadonlyMap<string, Buffer>): string {
  const found = [...files.keys()].filter((name) => name.split('/').pop() === SIGNATURES_FILE);
  const content = files.get(SIGNATURES_FILE);
  if (!content || found.length !== 1) {
    throw new BundleFault(
      'the bundle must be signed, with one .signatures.json at its root; `policy build --signing-key` does that',
    );
  }
  return parse(content.toString('utf8'), signaturesSchema).signatures[0];
}

function openToken(token: string, keys: Verification['keys'], keyId: string | undefined) {
  const parts = token.split('.');
  const [header = '', payload = '', signature = ''] = parts;
  if (parts.length !== 3) throw new BundleFault("the bundle's signature is no JWT");
  const { alg, kid } = parse(fromBase64Url(header), headerSchema);
  const claims = parse(fromBase64Url(payload), payloadSchema);
  const id = keyId ?? kid ?? claims.keyid ?? '';
  if (id === '') {
    throw new BundleFault(
      "the bundle's signature names no key; policy.signing.keyid says which to use",
    );
  }
  const known = Object.hasOwn(keys, id) ? keys[id] : undefined;
  if (!known) throw new BundleFault(`the bundle is signed by a key '${id}', ${whyUnknown(keys)}`);
  if (alg !== known.algorithm) {
    throw new BundleFault(
      `the bundle is signed by ${alg}, and key '${id}' is for ${known.algorithm}`,
    );
  }
  if (!isSignedBy(known, `${header}.${payload}`, Buffer.from(signature, 'base64url'))) {
    throw new BundleFault(`the bundle's signature is not one of key '${id}'`);
  }
  return claims;
}

/** OPA signs as key `default` unless told a name, and the configuration rarely has a key of that name. */
function whyUnknown(keys: Verification['keys']): string {
  const configured = Object.keys(keys).map((id) => `'${id}'`);
  return `that is not configured, as ${configured.join(', ')} is; policy.signing.keyid says which to use whatever a bundle names`;
}

function isSignedBy({ algorithm, key }: VerificationKey, text: string, signature: Buffer): boolean {
  const { digest, dsaEncoding } = ALGORITHMS[algorithm];
  return verify(
    digest,
    Buffer.from(text),
    dsaEncoding === undefined ? key : { key, dsaEncoding },
    signature,
  );
}

/** OPA hashes JSON documents by their content and all other files by their bytes. */
function hashOf(name: string, content: Buffer, algorithm: string): string {
  const digest = algorithm.replace('-', '').toLowerCase();
  const base = name.split('/').pop();
  if (base !== 'data.json' && base !== '.manifest') return hash(digest, content, 'hex');
  try {
    return hash(digest, opaJson(content.toString('utf8')), 'hex');
  } catch (cause) {
    throw new BundleFault(`the bundle's ${name} is not JSON`, { cause });
  }
}

function plainName(name: string): string {
  return name.replace(/^\/+/, '');
}

function fromBase64Url(text: string): string {
  return Buffer.from(text, 'base64url').toString('utf8');
}

function parse<T extends z.ZodType>(text: string, schema: T): z.infer<T> {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new BundleFault("the bundle's signature is not of the form that OPA writes", { cause });
  }
}
