import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { readBundle } from '../../src/policy/bundle/bundle.ts';
import { createGeneration } from '../../src/policy/generation.ts';
import type { DecisionPoint } from '../../src/policy/point.ts';
import { SAMPLES } from '../../src/policy/samples.ts';
import { compileFolder } from '../../src/policy/sources/compile.ts';
import { openPoint } from '../policy/open-point.ts';
import { base64Url, bundleToken, type Signing, signaturesFile } from '../policy/signing.ts';
import { type Entry, entriesOf, tarGz } from '../policy/tar.ts';
import { type Child, startChild } from './helpers/child.ts';
import { type BundleServer, startNginx } from './helpers/nginx.ts';
import { freePort } from './helpers/ports.ts';
import { describeWith, TOOLS_PATH } from './helpers/tools.ts';

const own = generateKeyPairSync('rsa', { modulusLength: 2048 });
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = (key: KeyObject) => String(key.export({ type: 'pkcs1', format: 'pem' }));
const publicPem = String(own.publicKey.export({ type: 'spki', format: 'pem' }));

let folder: string;
let nginx: BundleServer;
let opa: Child;
let opaUrl: string;
let point: DecisionPoint;
let good: Buffer;
let entries: readonly Entry[];

/** The example policy, built and signed by opa. */
async function build(key: KeyObject | undefined, revision: string) {
  const policy = join(folder, 'policy');
  cpSync('policies/example', policy, { recursive: true });
  const keyFile = join(folder, 'private.pem');
  if (key) writeFileSync(keyFile, pem(key));
  const flags = key ? ['--signing-key', keyFile] : [];
  return compileFolder({ folder: policy, revision, flags });
}

async function startOpa(): Promise<Child> {
  const port = await freePort();
  opaUrl = `http://127.0.0.1:${port}`;
  const [, origin = '', resource = ''] = /^(https:\/\/[^/]+)\/(.*)$/.exec(nginx.url) ?? [];
  const polling = { min_delay_seconds: 1, max_delay_seconds: 1 };
  const config = {
    services: {
      nginx: {
        url: origin,
        tls: { ca_cert: nginx.caFile },
        credentials: { bearer: { token: nginx.token } },
      },
    },
    keys: { k: { algorithm: 'RS256', key: publicPem } },
    bundles: { kms: { service: 'nginx', resource, polling, signing: { keyid: 'k' } } },
  };
  writeFileSync(join(folder, 'opa.json'), JSON.stringify(config));
  const args = ['run', '--server', '--addr', `127.0.0.1:${port}`];
  return startChild('opa', [...args, '--config-file', join(folder, 'opa.json')]);
}

/** Serves the bundle, and waits until opa has taken it, or has logged what `enough` matches. */
async function opaTakes(bundle: Buffer, enough = /"level":"error"/): Promise<boolean> {
  const before = opa.output().length;
  const etag = nginx.put(bundle);
  return vi.waitFor(
    () => {
      const said = opa.output().slice(before);
      const taken = said.includes(etag);
      expect(taken || enough.test(said), said).toBe(true);
      return taken;
    },
    { timeout: 15_000, interval: 50 },
  );
}

/** Matches nothing: an error that opa reports meanwhile may still concern the previous bundle. */
const NOTHING = /(?!)/;

async function proxyTakes(): Promise<string> {
  return point.reload().then(
    () => '',
    (fault: unknown) => (fault instanceof Error ? fault.message : String(fault)),
  );
}

const signed = (wrong: Partial<Signing> = {}, present = entries) =>
  tarGz([...present, signaturesFile(token(wrong))]);
const token = (wrong: Partial<Signing> = {}) =>
  bundleToken({ key: own.privateKey, files: entries, ...wrong });
const but = (name: string, content: string) =>
  entries.map((entry) => (entry.name === name ? { ...entry, content } : entry));
const delta: Entry = { name: '/patch.json', content: '{"data":[]}' };

/** HMAC with the public key, in case a verifier takes that for the secret. */
function hs256(): string {
  const [, payload = ''] = token().split('.');
  const text = `${base64Url({ alg: 'HS256', kid: 'k' })}.${payload}`;
  return `${text}.${createHmac('sha256', publicPem).update(text).digest('base64url')}`;
}

// Even where opa takes what the proxy refuses, the key's owner has signed the bundle.
// biome-ignore format: a table reads best with a case a line.
const SIDE_STEPS: readonly [string, 'refused' | 'taken', () => Buffer | Promise<Buffer>, RegExp][] = [
  ['built without a key', 'refused', () => build(undefined, 'x'), /must be signed/],
  ['built with a wrong key', 'refused', () => build(stranger.privateKey, 'x'), /not one of key 'k'/],
  ['for another scope', 'refused', () => signed({ payload: { scope: 'write' } }), /scope 'write', not ''/],
  ['by the right key, but claiming alg none', 'taken', () => signed({ header: { alg: 'none' } }), /signed by none/],
  ['by HS256 with the public key', 'refused', () => tarGz([...entries, signaturesFile(hs256())]), /signed by HS256/],
  ['with an extra file', 'refused', () => signed({}, [...entries, { name: '/more/data.json', content: '{}' }]), /does not cover more/],
  ['with a missing file', 'refused', () => signed({}, entries.filter(({ name }) => name !== '/faults.rego')), /lacks faults\.rego/],
  ['with other data', 'refused', () => signed({}, but('/data.json', '{}')), /data\.json is not what was signed/],
  ['with another module', 'refused', () => signed({}, but('/policy.wasm', 'x')), /policy\.wasm is not what was signed/],
  ['with another manifest', 'refused', () => signed({}, but('/.manifest', '{"revision":"x"}')), /\.manifest is not what was signed/],
  ['with two signatures', 'refused', () => tarGz([...entries, signaturesFile(token(), token())]), /not of the form/],
  ['with no signature', 'refused', () => tarGz([...entries, signaturesFile()]), /not of the form/],
  ['with signatures in a folder', 'taken', () => tarGz([...entries, { ...signaturesFile(token()), name: '/a/.signatures.json' }]), /at its root/],
  ['with signatures twice', 'refused', () => tarGz([...entries, signaturesFile(token()), { ...signaturesFile(token()), name: '/a/.signatures.json' }]), /one \.signatures\.json/],
  ['as a delta', 'taken', () => signed({ files: [...entries, delta] }, [...entries, delta]), /is a delta/],
  ['hashed by SHA-1', 'taken', () => signed({ hash: 'SHA-1' }), /not of the form/],
  ['with a link', 'taken', () => signed({}, [...entries, { name: '/link', type: '2' }]), /not a plain file/],
  ['with a file outside it', 'refused', () => signed({}, [...entries, { name: '/../data.json', content: '{}' }]), /a file named/],
  ['with a file twice', 'refused', () => signed({}, [...entries, ...entries]), /twice/],
];

describeWith(['opa', 'nginx'], 'a bundle server that knows neither opa nor the proxy', () => {
  beforeAll(async () => {
    vi.stubEnv('PATH', TOOLS_PATH);
    folder = mkdtempSync(join(tmpdir(), 'bundle-service-'));
    nginx = await startNginx('kms.tar.gz');
    good = await build(own.privateKey, 'first');
    entries = entriesOf(good).filter(({ name }) => name !== '/.signatures.json');
    nginx.put(good);
    opa = await startOpa();
    await opa.matches(/activated successfully/);
    point = await openPoint({
      source: nginx.url,
      verification: {
        keys: { k: { algorithm: 'RS256', key: createPublicKey(publicPem) } },
        keyId: 'k',
      },
      bundle: {
        service: {
          bearerToken: async () => nginx.token,
          tls: async () => ({ ca: Buffer.from(nginx.ca) }),
          minDelayMs: 100,
          maxDelayMs: 200,
        },
      },
    });
  }, 60_000);
  afterAll(async () => {
    vi.unstubAllEnvs();
    await point?.close();
    await opa?.stop();
    await nginx?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('gives both the bundle that opa signed, and their decisions agree', async () => {
    expect(point.status()).toMatchObject({ revision: 'first', stale: false });
    const { judge } = createGeneration(readBundle(good), { timeoutMs: 50, memoryBytes: 1 << 24 });
    for (const [name, input] of Object.entries(SAMPLES)) {
      const answer = await fetch(`${opaUrl}/v1/data/kms/reencrypt/decision?provenance=true`, {
        method: 'POST',
        body: JSON.stringify({ input }),
      });
      const { result, provenance } = (await answer.json()) as OpaAnswer;
      const evaluation = judge(JSON.stringify(input), input.time.unix_ms);
      expect(provenance.bundles['kms']?.revision).toBe('first');
      expect(result, name).toMatchObject({
        allow: evaluation.effect === 'allow',
        rule: evaluation.rule,
        reasons: evaluation.reasons,
      });
    }
  });

  it('tells both by ETag that nothing changed, and gives both what is new', async () => {
    await vi.waitFor(() => {
      expect(nginx.statuses('Open-Policy-Agent')).toContain(304);
      expect(nginx.statuses('-')).toContain(304);
    }, 15_000);
    expect(await opaTakes(await build(own.privateKey, 'second'))).toBe(true);
    await expect.poll(() => point.status().revision).toBe('second');
    expect(nginx.statuses('-')).not.toContain(401);
  });

  it.each(SIDE_STEPS)(
    '%s is %s by opa, and refused by the proxy',
    async (_name, opaHas, make, sentence) => {
      expect(await opaTakes(good, NOTHING)).toBe(true);
      const bundle = await make();
      expect((await opaTakes(bundle)) ? 'taken' : 'refused').toBe(opaHas);
      expect(await proxyTakes()).toMatch(sentence);
      expect(point.status()).toMatchObject({ stale: false, revision: 'first' });
    },
  );
});

interface OpaAnswer {
  readonly result: object;
  readonly provenance: { readonly bundles: Record<string, { readonly revision: string }> };
}
