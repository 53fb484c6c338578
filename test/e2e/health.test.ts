import { mkdtempSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials, type GrpcObject, loadPackageDefinition, status } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { closeAll, connect, reEncrypt, refusalOf } from '../helpers/grpc-client.ts';
import { type RunningProxy, startProxy } from '../helpers/proxy.ts';
import { withManifest } from '../policy/tar.ts';

const SERVICES = ['', 'kms.reencrypt.v1.ReEncryptService'] as const;
const REQUEST = {
  ciphertextBlob: Buffer.from('no ciphertext'),
  sourceKeyId: 'alias/demo-source',
  destinationKeyId: 'alias/demo-destination',
};

const loaded = loadSync('grpc/health/v1/health.proto', { includeDirs: ['proto'], enums: String });
// biome-ignore lint/suspicious/noExplicitAny: a service without generated types
const { grpc } = loadPackageDefinition(loaded) as GrpcObject & { grpc: any };

let folder: string;
let proxy: RunningProxy;
let seen: Map<string, string[]>;
let watcher: ReturnType<typeof watch>;

/** Collects what `Watch` reports for each service. */
function watch(address: string) {
  const client = new grpc.health.v1.Health(address, credentials.createInsecure());
  for (const service of SERVICES) {
    const said: string[] = [];
    seen.set(service, said);
    const stream = client.Watch({ service });
    stream.on('data', ({ status: now }: { status: string }) => said.push(now));
    stream.on('error', () => {});
  }
  return client;
}

const now = (): (string | undefined)[] => SERVICES.map((service) => seen.get(service)?.at(-1));
const BOTH = (state: string): string[] => SERVICES.map(() => state);

async function start(settings: readonly string[]): Promise<void> {
  proxy = await startProxy(settings);
  watcher = watch(proxy.endpoint);
  await expect.poll(now).toEqual(BOTH('SERVING'));
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'health-'));
  seen = new Map();
});

afterEach(async () => {
  await proxy.stop();
  closeAll(watcher);
});

test('health is NOT_SERVING while calls cannot be recorded, and callers must not retry', async () => {
  await start([]);
  const client = connect(proxy.endpoint);
  renameSync(proxy.folder, `${proxy.folder}-away`);
  await expect.poll(now, { timeout: 3000 }).toEqual(BOTH('NOT_SERVING'));
  expect(await refusalOf(reEncrypt(client, REQUEST))).toMatchObject({
    code: status.UNAVAILABLE,
    reason: 'AUDIT_UNAVAILABLE',
    pushback: '-1',
    retries: false,
  });
  renameSync(`${proxy.folder}-away`, proxy.folder);
  await expect.poll(now, { timeout: 5000 }).toEqual(BOTH('SERVING'));
  closeAll(client);
});

test('health is NOT_SERVING once the policy has expired', async () => {
  const bundle = join(folder, 'bundle.tar.gz');
  const good = readFileSync('policies/bundle.tar.gz');
  writeFileSync(bundle, good);
  await start([`policy.source=${bundle}`]);
  const notAfter = new Date(Date.now() + 3000).toISOString();
  writeFileSync(bundle, withManifest(good, { metadata: { not_after: notAfter } }));
  await proxy.reload();
  expect(await now()).toEqual(BOTH('SERVING'));
  await expect.poll(now, { timeout: 9000 }).toEqual(BOTH('NOT_SERVING'));
}, 20_000);

test('health is NOT_SERVING as soon as a stop begins, while calls are still accepted', async () => {
  await start(['life.lame_duck_ms=400']);
  const client = connect(proxy.endpoint);
  const started = performance.now();
  const stopped = proxy.stop();
  await expect.poll(now, { timeout: 300, interval: 10 }).toEqual(BOTH('NOT_SERVING'));
  expect(await refusalOf(reEncrypt(client, REQUEST))).toMatchObject({ reason: 'POLICY_DENIED' });
  closeAll(client);
  await stopped;
  // Watchers do not hold it up.
  expect(performance.now() - started).toBeLessThan(2000);
});
