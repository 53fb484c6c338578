import { createHash, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readBundle } from '../../../src/policy/bundle/bundle.ts';
import { opaJson } from '../../../src/policy/bundle/opa-json.ts';
import type { SigningAlgorithm } from '../../../src/signing-algorithms.ts';
import { base64Url, bundleToken, type Signing, signaturesFile } from '../signing.ts';
import { type Entry, entriesOf, tarGz } from '../tar.ts';
import { archive, EXAMPLE } from '../values.ts';

const pairs = {
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: generateKeyPairSync('ed25519'),
};
const entries = entriesOf(archive(EXAMPLE));

type Wrong = Partial<Omit<Signing, 'files'>> & { readonly signed?: readonly Entry[] };

const token = ({ algorithm = 'RS256', signed = entries, ...wrong }: Wrong) =>
  bundleToken({ algorithm, key: pairs[algorithm].privateKey, files: signed, ...wrong });
const signatures = signaturesFile;
const bundle = (signing: Wrong = {}, present: readonly Entry[] = entries) =>
  tarGz([...present, signatures(token(signing))]);
const verification = (algorithm: SigningAlgorithm = 'RS256', by: keyof typeof pairs = 'RS256') => ({
  keys: { k: { algorithm, key: pairs[by].publicKey } },
});

describe('a signed bundle', () => {
  it.each(['RS256', 'ES256', 'EdDSA'] as const)('by %s is accepted', (algorithm) => {
    const read = readBundle(bundle({ algorithm }), {
      verification: verification(algorithm, algorithm),
    });
    expect(read.revision).toBe('example-2');
  });

  it.each(['SHA-384', 'SHA-512'] as const)('over hashes by %s is accepted', (hash) => {
    const read = readBundle(bundle({ hash }), { verification: verification() });
    expect(read.revision).toBe('example-2');
  });

  it('is accepted only with its scope', () => {
    const scoped = bundle({ payload: { scope: 'write' } });
    expect(
      readBundle(scoped, { verification: { ...verification(), scope: 'write' } }),
    ).toBeDefined();
    expect(() => readBundle(scoped, { verification: verification() })).toThrow(
      /scope 'write', not ''/,
    );
  });

  it('may name its key in its claims alone, as `opa build --claims-file` does', () => {
    const read = readBundle(bundle({ header: { kid: undefined } }), {
      verification: verification(),
    });
    expect(read.revision).toBe('example-2');
  });

  it('is verified by the configured key id, whatever it names itself', () => {
    const read = () =>
      readBundle(bundle({ header: { kid: 'other' }, payload: { keyid: 'other' } }), {
        verification: { ...verification(), keyId: 'k' },
      });
    expect(read().revision).toBe('example-2');
  });

  const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const extra: Entry = { name: '/extra.txt', content: 'x' };
  const publicPem = pairs.RS256.publicKey.export({ type: 'spki', format: 'pem' });
  // biome-ignore format: a table reads best with a case a line.
  const SIDE_STEPS: readonly [string, Buffer, RegExp][] = [
    ['not signed', tarGz(entries), /must be signed/],
    ['signed by another key', bundle({ key: stranger }), /not one of key 'k'/],
    ['signed by a key that nobody configured', bundle({ header: { kid: 'x' }, payload: { keyid: 'x' } }), /'x', that is not configured, as 'k' is; policy\.signing\.keyid says/],
    ['signed by a key that it does not name', bundle({ header: { kid: undefined }, payload: { keyid: undefined } }), /names no key; policy\.signing\.keyid says which to use/],
    ['signed by a key named like a property of objects', bundle({ header: { kid: 'constructor' } }), /not configured/],
    ['with alg none', bundle({ header: { alg: 'none' } }), /signed by none/],
    ['signed by HS256 with the public key', tarGz([...entries, signatures(hs256(publicPem.toString()))]), /signed by HS256/],
    ['with a file more than signed', bundle({}, [...entries, extra]), /does not cover extra\.txt/],
    ['with a file less than signed', bundle({}, entries.filter(({ name }) => name !== '/faults.rego')), /lacks faults\.rego/],
    ['with data that was changed', bundle({}, entries.map((e) => (e.name === '/data.json' ? { ...e, content: '{}' } : e))), /data\.json is not what was signed/],
    ['with a module that was changed', bundle({}, entries.map((e) => (e.name === '/policy.wasm' ? { ...e, content: 'x' } : e))), /policy\.wasm is not what was signed/],
    ['with two signatures', tarGz([...entries, signatures(token({}), token({}))]), /not of the form/],
    ['with no signature in its file', tarGz([...entries, signatures()]), /not of the form/],
    ['with signatures elsewhere', tarGz([...entries, { ...signatures(token({})), name: '/a/.signatures.json' }]), /one \.signatures\.json at its root/],
    ['with signatures here and elsewhere', tarGz([...entries, signatures(token({})), { ...signatures(token({})), name: '/a/.signatures.json' }]), /one \.signatures\.json/],
    ['with a file signed twice', bundle({ signed: [...entries, ...entries] }), /signed twice/],
    ['with hashes by SHA-1', bundle({ hash: 'SHA-1' }), /not of the form/],
    ['with a hash by MD5', bundle({ payload: { files: [{ name: 'data.json', hash: '', algorithm: 'MD5' }] } }), /not of the form/],
    ['with a token of two parts', tarGz([...entries, signatures('a.b')]), /no JWT/],
    ['as a delta', bundle({ signed: [...entries, { name: '/patch.json', content: '{}' }] }, [...entries, { name: '/patch.json', content: '{}' }]), /is a delta/],
  ];
  it.each(SIDE_STEPS)('%s is refused', (_name, bytes, sentence) => {
    expect(() => readBundle(bytes, { verification: verification() })).toThrow(sentence);
  });

  it('is refused when its key is for another algorithm', () => {
    expect(() => readBundle(bundle(), { verification: verification('RS512') })).toThrow(
      /key 'k' is for RS512/,
    );
  });

  function hs256(secret: string): string {
    const [, payload = ''] = token({}).split('.');
    const text = `${base64Url({ alg: 'HS256', kid: 'k' })}.${payload}`;
    return `${text}.${createHash('sha256')
      .update(secret + text)
      .digest('base64url')}`;
  }
});

describe('canonical JSON', () => {
  // biome-ignore format: a table reads best with a case a line.
  const TEXTS: readonly [string, string][] = [
    ['{"b":1,"a":2}', '{"a":2,"b":1}'],
    ['{"n":[1.0,1e3,12345678901234567890,-0]}', '{"n":[1.0,1e3,12345678901234567890,-0]}'],
    ['{"\ufffd":1,"\u{1f600}":2}', '{"\ufffd":1,"\u{1f600}":2}'],
    ['"\u2028\\u2029<>&\\u0008\\u000c\\u0001\\u007f"', '"\\u2028\\u2029<>&\\b\\f\\u0001\u007f"'],
    ['{"__proto__":{"a":null},"c":[true,false]}', '{"__proto__":{"a":null},"c":[true,false]}'],
    ['"\\ud800"', '"\ufffd"'],
    ['{"a":1,"a":2}', '{"a":2}'],
    ['{"a":1,"\\\\":2}', '{"\\\\":2,"a":1}'],
    ['{"a":1,"\\u00e9":2}', '{"a":1,"é":2}'],
  ];
  it.each(TEXTS)('of %s is what Go writes', (text, canonical) => {
    expect(opaJson(text)).toBe(canonical);
  });

  it.each(['tru', '{"a":1}}', '{"a":1', '"a', ''])('of %j is refused: it is none', (text) => {
    expect(() => opaJson(text)).toThrow(SyntaxError);
  });
});
