import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { expect, test } from 'vitest';
import { createAuthority } from '../helpers/certificates.ts';
import { startProxy } from '../helpers/proxy.ts';
import { bundleToken, signaturesFile } from '../policy/signing.ts';
import { entriesOf, tarGz, withManifest } from '../policy/tar.ts';

const EXAMPLE = readFileSync('policies/bundle.tar.gz');

/** A proxy whose bundle is a file, and what puts another content there. */
async function startWith(bundle: Buffer) {
  const source = join(mkdtempSync(join(tmpdir(), 'policy-')), 'bundle.tar.gz');
  const put = (content: Buffer | string) => writeFileSync(source, content);
  put(bundle);
  return { proxy: await startProxy([`policy.source=${source}`]), put };
}

test('a refused bundle is logged, and so is the return of the active one', async () => {
  const { proxy, put } = await startWith(EXAMPLE);
  const last = () => JSON.parse(proxy.logged.at(-1) ?? '{}').msg;
  put('rubbish');
  await expect.poll(last).toMatch(/^policy refused: /);
  put(EXAMPLE);
  await expect.poll(last).toBe('policy is again the one that serves');
  await proxy.stop();
});

test('the metrics say that a bundle is refused for as long as it is there', async () => {
  const { proxy, put } = await startWith(EXAMPLE);
  const refused = () => proxy.metric('kms_reencrypt_bundle_refused');
  expect(await refused()).toBe('0');
  put('rubbish');
  await expect.poll(refused).toBe('1');
  put(EXAMPLE);
  await expect.poll(refused).toBe('0');
  await proxy.stop();
});

test.each([
  [{}, '0'],
  [{ not_after: '2033-05-18T03:33:20Z' }, '2000000000'],
])('a bundle whose metadata is %j expires at %s in the metrics', async (metadata, ends) => {
  const { proxy } = await startWith(withManifest(EXAMPLE, { metadata }));
  expect(await proxy.metric('kms_reencrypt_bundle_expiry_timestamp_seconds')).toBe(ends);
  await proxy.stop();
});

test('a bundle whose not_after has passed is reported in the process log', async () => {
  const metadata = { not_after: '2026-01-01T00:00:00Z' };
  const { proxy } = await startWith(withManifest(EXAMPLE, { metadata }));
  const told = proxy.logged.map((line) => JSON.parse(line).msg);
  expect(told).toContain(
    "the policy cannot be used, so every call is refused: the bundle's not_after has passed",
  );
  await proxy.stop();
});

test('with policy.signing, only what its keys have signed is served', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'policy-'));
  const { publicKey, privateKey: key } = generateKeyPairSync('ed25519');
  const [keyFile, source] = [join(folder, 'key.pem'), join(folder, 'bundle.tar.gz')];
  writeFileSync(keyFile, publicKey.export({ format: 'pem', type: 'spki' }));
  const files = entriesOf(EXAMPLE);
  const signing = { keys: { k: { algorithm: 'EdDSA', key_file: keyFile } }, scope: 'prod' };
  const starting = (payload?: object) => {
    const token = payload && bundleToken({ key, algorithm: 'EdDSA', files, payload });
    writeFileSync(source, tarGz([...files, ...(token ? [signaturesFile(token)] : [])]));
    return startProxy([`policy.source=${source}`, `policy.signing=${JSON.stringify(signing)}`]);
  };
  await expect(starting()).rejects.toThrow('must be signed');
  await expect(starting({ scope: 'test' })).rejects.toThrow('scope');
  await (await starting({ scope: 'prod' })).stop();
});

test.each([
  [
    'policy.enforce=false',
    'observe mode: what the policy denies is recorded, but performed anyway',
  ],
  [
    'policy.capture_file=',
    'policy.capture_file records the values of encryption contexts in clear',
  ],
])(
  'a setting that weakens what policy promises is warned of at start: %s',
  async (setting, warning) => {
    const file = join(mkdtempSync(join(tmpdir(), 'policy-')), 'captured.jsonl');
    const proxy = await startProxy([setting.endsWith('=') ? `${setting}${file}` : setting]);
    expect(proxy.logged.map((line) => JSON.parse(line).msg)).toContain(warning);
    await proxy.stop();
  },
);

// 0.0.0.0 leads to this host, where nobody listens at the port.
test.each([
  ['http://0.0.0.0:1/', true],
  ['http://127.0.0.1:1/', false],
])(
  'an unsigned policy that others could replace on its way is warned of: %s',
  async (url, warns) => {
    const proxy = await startProxy([`policy.source=${url}`]);
    const told = proxy.logged.filter((line) => line.includes('whoever is on the way'));
    expect(told).toHaveLength(warns ? 1 : 0);
    await proxy.stop();
  },
);

test('a bundle service is shown the certificate and token now in their files, not those of the start', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'policy-'));
  const authority = createAuthority();
  const at = (name: string) => join(folder, name);
  const issue = (commonName: string) => {
    const { cert, key } = authority.issue({ commonName, dns: ['localhost'], usage: 'both' });
    writeFileSync(at('cert.pem'), cert);
    writeFileSync(at('key.pem'), key);
    return { cert, key };
  };
  const seen: string[] = [];
  const mutual = { ...issue('first'), ca: authority.cert, requestCert: true };
  const service = createServer(mutual, (request, response) => {
    const { CN } = (request.socket as TLSSocket).getPeerCertificate().subject;
    seen.push(`${CN} ${request.headers.authorization}`);
    response.end(EXAMPLE);
  }).listen(0, '127.0.0.1');
  await once(service, 'listening');
  writeFileSync(at('ca.pem'), authority.cert);
  const { port } = service.address() as AddressInfo;
  const files = ['ca', 'cert', 'key'].map(
    (name) => `policy.service.${name}_file=${at(`${name}.pem`)}`,
  );
  writeFileSync(at('token'), 'one\n');
  const token = `policy.service.bearer_token_file=${at('token')}`;
  const proxy = await startProxy([`policy.source=https://localhost:${port}/`, token, ...files]);
  issue('second');
  writeFileSync(at('token'), 'two\n');
  await proxy.reload();
  expect(seen).toEqual(['first Bearer one', 'second Bearer two']);
  await proxy.stop();
  service.close();
});
