import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ReEncryptServiceClient } from '../../src/gen/kms/reencrypt/v1/ReEncryptService.ts';
import { FAKE_REGION, type FakeKms, startFakeKms } from '../helpers/fake-kms.ts';
import { closeAll, connect, reEncrypt, refusalOf } from '../helpers/grpc-client.ts';
import { type RunningProxy, startProxy } from '../interop/helpers/proxy.ts';
import { reportTrials, trials } from './trials.ts';

/** A credentials endpoint as EKS Pod Identity has it. */
let mode: 'serves' | 'fails' | 'hangs' = 'serves';
let served = 0;
let provider: Server;
let kms: FakeKms;
let proxy: RunningProxy;
let client: ReEncryptServiceClient;

const REQUEST = {
  ciphertextBlob: Buffer.from('ciphertext'),
  sourceKeyId: 'alias/a',
  destinationKeyId: 'alias/b',
};
/** So short that every call finds them old, and none is older than this when it signs. */
const LIFE_MS = 1500;
const expiries = new Map<string, number>();

beforeAll(async () => {
  provider = createServer((_, response) => {
    if (mode === 'hangs') return;
    if (mode === 'fails') {
      response.writeHead(500).end();
      return;
    }
    served += 1;
    const AccessKeyId = `AKID${String(served).padStart(12, '0')}`;
    const expiry = Date.now() + LIFE_MS;
    expiries.set(AccessKeyId, expiry);
    const Expiration = new Date(expiry).toISOString();
    response.end(JSON.stringify({ AccessKeyId, SecretAccessKey: 's', Token: 't', Expiration }));
  });
  await new Promise<void>((done) => provider.listen(0, '127.0.0.1', done));
  const { port } = provider.address() as AddressInfo;
  kms = await startFakeKms();
  proxy = await startProxy({
    settings: [
      'kms.backend=aws',
      `kms.aws.endpoint=${kms.url}`,
      `kms.aws.region=${FAKE_REGION}`,
      'policy.source=test/fixtures/policies/echo/bundle.tar.gz',
    ],
    env: {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${port}/`,
      AWS_EC2_METADATA_DISABLED: 'true',
    },
  });
  client = connect(proxy.grpc);
});

afterAll(async () => {
  closeAll(client);
  await proxy.stop();
  provider.closeAllConnections();
  provider.close();
  await kms.close();
});

const untilWell = (): Promise<void> =>
  expect
    .poll(() => reEncrypt(client, REQUEST).then(() => 'OK', String), { timeout: 15_000 })
    .toBe('OK');

test('F11: credentials that cannot be renewed refuse calls, sign nothing stale, and recovery is by itself', async () => {
  const count = trials(50);
  let refused = 0;
  for (let trial = 0; trial < count; trial += 1) {
    mode = 'serves';
    await untilWell();
    mode = trial % 2 === 0 ? 'fails' : 'hangs';
    await new Promise((resolve) => setTimeout(resolve, LIFE_MS + 50));
    const before = kms.requests.length;
    const started = performance.now();
    const told = await refusalOf(reEncrypt(client, REQUEST, 800));
    expect(performance.now() - started).toBeLessThan(950);
    expect([status.UNAVAILABLE, status.DEADLINE_EXCEEDED]).toContain(told.code);
    if (mode === 'fails') expect(told.reason).toMatch(/PROXY_CREDENTIALS|DEADLINE|^$|KEY_FACTS/);
    const stale = kms.requests.slice(before).filter(({ headers }) => {
      const id = /Credential=(\w+)\//.exec(String(headers.authorization))?.[1] ?? '';
      return (expiries.get(id) ?? 0) < Date.now();
    });
    expect(stale).toEqual([]);
    refused += 1;
  }
  mode = 'serves';
  await untilWell();
  reportTrials({ fault: 'F11', trials: count, injections: refused });
});
