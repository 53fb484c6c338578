import { generateKeyPairSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bundleToken, signaturesFile } from '../../policy/signing.ts';
import { entriesOf, tarGz, withManifest } from '../../policy/tar.ts';
import { archive, EXAMPLE, HAZARDS, withData } from '../../policy/values.ts';
import { fileOf, policy } from './run-policy.ts';

const PRIVATE_KEY = String(
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }),
);
const ENDED = withManifest(archive(EXAMPLE), { metadata: { not_after: '2026-01-01T00:00:00Z' } });

describe('policy check', () => {
  it('shows the bundle that a proxy would load', async () => {
    const { code, out } = await policy(`check ${EXAMPLE} --samples policies/samples`);
    expect(code).toBe(0);
    expect(out).toMatch(
      /^revision example-2\nsha256 {3}[0-9a-f]{64}\nsigned {3}no\nends {5}never\nsamples {2}\d+ answered\n$/,
    );
  });

  it('says that metadata other than not_after sets no end', async () => {
    const bundle = withManifest(archive(EXAMPLE), { metadata: { 'expires\u001b[2J': 'soon' } });
    const { code, out } = await policy(`check ${fileOf('b.tar.gz', bundle)}`);
    expect(code).toBe(0);
    expect(out).toContain('\nends     never: metadata has expires\\u{1b}[2J, no not_after\n');
  });

  it.each([
    ['none.tar.gz', /there is no policy bundle at none\.tar\.gz/],
    [fileOf('x.tar.gz', 'rubbish'), /not a complete gzipped tar/],
    ['test/fixtures/policies/broken/bundle.tar.gz', /no decision for the sample/],
    [fileOf('ended.tar.gz', ENDED), /not_after has passed: it expired at 2026-01-01/],
  ])('refuses %s in one sentence', async (bundle, sentence) => {
    const { code, err } = await policy(`check ${bundle}`);
    expect(code).toBe(1);
    expect(err).toMatch(sentence);
    expect(err.trim().split('\n')).toHaveLength(1);
  });

  it('says whether it verified the signature', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const files = entriesOf(archive(EXAMPLE));
    const token = bundleToken({ key: privateKey, algorithm: 'EdDSA', files });
    const signed = fileOf('signed.tar.gz', tarGz([...files, signaturesFile(token)]));
    const key = fileOf('key.pem', String(publicKey.export({ type: 'spki', format: 'pem' })));
    expect((await policy(`check ${signed}`)).out).toContain(
      '\nsigned   yes, and not verified: name --verification-key\n',
    );
    // The type of the key tells the algorithm.
    for (const algorithm of ['', '--algorithm EdDSA']) {
      const verified = await policy(
        `check ${signed} --verification-key ${key} ${algorithm}`.trim(),
      );
      expect(verified.out).toContain(`\nsigned   by ${key}, EdDSA\n`);
    }
    const unsigned = await policy(`check ${EXAMPLE} --verification-key ${key}`);
    expect([unsigned.code, unsigned.err]).toEqual([1, expect.stringMatching(/must be signed/)]);
  });

  it('refuses an algorithm that the key is not for', async () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    const key = fileOf('ec.pem', String(publicKey.export({ type: 'spki', format: 'pem' })));
    const ran = await policy(`check ${EXAMPLE} --verification-key ${key} --algorithm RS256`);
    expect(ran.err).toContain('is of type ec, and not for RS256: with such a key, algorithm must');
    // The bundle is at fault with the algorithm that is usual for the curve.
    expect((await policy(`check ${EXAMPLE} --verification-key ${key}`)).err).toContain('be signed');
  });

  it.each([
    [fileOf('private.pem', PRIVATE_KEY), 'private.pem holds a private key, which can sign'],
    [fileOf('x.pem', 'x'), 'x.pem does not hold a public key in PEM'],
    ['none.pem', 'no such file'],
  ])('does not verify by %s', async (file, sentence) => {
    const { code, err } = await policy(`check ${EXAMPLE} --verification-key ${file}`);
    expect([code, err]).toEqual([1, expect.stringContaining(sentence)]);
  });
});

describe('--memory-mib', () => {
  const kinds = ['jwt'];
  const rules = Array.from({ length: 6_000 }, (_, i) => ({
    id: `r${i}`,
    source: {},
    destination: {},
  }));
  const large = fileOf(
    'large.tar.gz',
    withData({ kms_reencrypt: { principals: { p: { kinds, rules } } } }),
  );

  it('decides for every command whether a bundle fits', async () => {
    expect((await policy(`check ${large} --memory-mib 16`)).code).toBe(0);
    for (const command of [
      'check',
      'eval --input -',
      'explain --input -',
      'replay -',
      `diff ${large}`,
      'test policies/example/cases.yaml',
    ]) {
      const [name, ...rest] = command.split(' ');
      const args = [large, ...rest].join(' ');
      const { code, err } = await policy(`${name} ${args} --memory-mib 1`, '{}');
      expect([code, err], command).toEqual([1, expect.stringContaining('policy.memory_mib')]);
    }
  });

  it.each(['0', '1025', '1.5', 'x'])('refuses %s, as the configuration does', async (number) => {
    const { code, err } = await policy(`check ${EXAMPLE} --memory-mib ${number}`);
    expect([code > 0, err]).toEqual([true, expect.stringContaining('from 1 to 1024')]);
  });
});

describe('--timeout-ms and --size-limit-bytes', () => {
  it.each([
    ['1', 'POLICY_TIMEOUT'],
    ['50', 'POLICY_INVALID'],
  ])('give a decision %s ms, in which a long one ends as %s', async (ms, failure) => {
    const input = '{"request":{"job":"huge"}}';
    const { out } = await policy(`eval ${HAZARDS} --input - --timeout-ms ${ms}`, input);
    expect(JSON.parse(out)).toMatchObject({ failure });
  });

  it('refuse a larger bundle', async () => {
    const { code, err } = await policy(`check ${EXAMPLE} --size-limit-bytes 1000`);
    expect([code, err]).toEqual([1, expect.stringContaining('larger than 1000 bytes')]);
  });

  it('default to those of the proxy', async () => {
    const { out } = await policy('check --help');
    for (const value of ['50', '16', '16777216']) expect(out).toContain(`(default: ${value})`);
  });
});

describe('policy build', () => {
  it.each(['--signing-alg ES256', '--claims-file claims.json'])(
    'makes no unsigned bundle when %s is given without a key',
    async (option) => {
      const output = join(dirname(fileOf('x', '')), 'b.tar.gz');
      const { code, err } = await policy(`build policies/example --output ${output} ${option}`);
      expect([code, err]).toEqual([
        64,
        expect.stringMatching(/ has no effect without --signing-key\n$/),
      ]);
      expect(existsSync(output)).toBe(false);
    },
  );
});
