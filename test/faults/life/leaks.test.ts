import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { KMSClient, ReEncryptCommand } from '@aws-sdk/client-kms';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { ReEncryptServiceClient } from '../../../src/gen/kms/reencrypt/v1/ReEncryptService.ts';
import { type FakeKms, startFakeKms } from '../../helpers/fake-kms.ts';
import { connect, reEncrypt } from '../../helpers/grpc-client.ts';
import { type RunningProxy, startProxy } from '../../interop/helpers/proxy.ts';
import { reportTrials, trials } from '../trials.ts';
import { preparedForCounting } from './living.ts';

/** Calls of a kind before measuring: by then bounded caches are full, and code is compiled. */
const WARM = 2_000;
const CALLS = trials(10_000);
const AT_ONCE = 16;
/** For all calls together: V8 keeps more about code that runs for longer. */
const NOISE_BYTES = 400_000;
/** Memory has settled below this difference. */
const SETTLED_BYTES = 20_000;

const living = preparedForCounting();
let kms: FakeKms;
let proxy: RunningProxy;
let client: ReEncryptServiceClient;
let aws: KMSClient;
let number = 0;

beforeAll(async () => {
  kms = await startFakeKms();
  proxy = await startProxy({
    settings: ['kms.backend=aws', `kms.aws.endpoint=${kms.url}`, 'kms.aws.region=eu-west-1'],
    env: { ...living.env, AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret' },
  });
  client = connect(proxy.grpc);
  aws = new KMSClient({
    endpoint: proxy.kmsJson,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret' },
    maxAttempts: 1,
  });
});

beforeEach(() => kms.forget());

afterAll(async () => {
  client.close();
  aws.destroy();
  await proxy.stop();
  await kms.close();
});

const request = {
  ciphertextBlob: Buffer.alloc(200, 7),
  sourceKeyId: 'alias/demo-source',
  sourceEncryptionContext: { tenant: 'acme' },
  destinationKeyId: 'alias/demo-destination',
  destinationEncryptionContext: { tenant: 'acme' },
};
const elsewhere = { ...request, destinationEncryptionContext: { tenant: 'globex' } };

/** A request with a key that was not used before. */
function madeUp() {
  number += 1;
  return {
    ...request,
    sourceKeyId: `${String(number).padStart(8, '0')}-0000-4000-8000-000000000000`,
  };
}

const KINDS: Readonly<Record<string, () => unknown>> = {
  'an allowed call': () => reEncrypt(client, request),
  'a denied one': () => reEncrypt(client, elsewhere),
  'one without a ciphertext': () => reEncrypt(client, { ...request, ciphertextBlob: '' }),
  'one whose deadline is 1 ms': () => reEncrypt(client, request, 1),
  'one whose caller leaves': async () => {
    const ended = Promise.withResolvers<void>();
    const call = client.ReEncrypt(request, () => ended.resolve());
    await sleep(1);
    call.cancel();
    await ended.promise;
  },
  'a key that is not there': () => {
    kms.next({ kind: 'error', name: 'NotFoundException' }, 'DescribeKey');
    return reEncrypt(client, madeUp());
  },
  'each pair of two hundred keys': () => {
    number += 1;
    const key = (index: number) => `${String(index).padStart(8, '0')}-0000-4000-8000-000000000000`;
    return reEncrypt(client, {
      ...request,
      sourceKeyId: key(number % 200),
      destinationKeyId: key(200 + (Math.floor(number / 200) % 200)),
    });
  },
  'an error of KMS': () => {
    kms.next({ kind: 'error', name: 'InvalidCiphertextException' }, 'ReEncrypt');
    return reEncrypt(client, request);
  },
  'a check': () =>
    new Promise((resolve) => client.CheckReEncrypt({ request }, () => resolve(undefined))),
  'a batch': () =>
    new Promise((resolve) => {
      const items = [request, elsewhere].map((one) => ({ reference: 'one', request: one }));
      client.BatchReEncrypt({ items }, () => resolve(undefined));
    }),
  'a stream': async () => {
    const stream = client.StreamReEncrypt();
    stream.write({ reference: 'one', request });
    stream.end();
    stream.resume();
    await once(stream, 'status');
  },
  'a connection': async () => {
    const other = connect(proxy.grpc, undefined, { 'grpc.use_local_subchannel_pool': 1 });
    await reEncrypt(other, request).finally(() => other.close());
  },
  'a call by an AWS SDK': () =>
    aws.send(
      new ReEncryptCommand({
        CiphertextBlob: request.ciphertextBlob,
        SourceKeyId: request.sourceKeyId,
        SourceEncryptionContext: request.sourceEncryptionContext,
        DestinationKeyId: request.destinationKeyId,
        DestinationEncryptionContext: request.destinationEncryptionContext,
      }),
    ),
};

test.each(Object.entries(KINDS))('%s leaves nothing in memory', async (name, ask) => {
  const before = await afterCalls(ask, WARM);
  const after = await afterCalls(ask, CALLS);
  const left = (after - before) / CALLS;
  reportTrials({
    fault: `leak: ${name}`,
    trials: CALLS,
    injections: CALLS,
    bytesLeft: Math.round(left),
  });
  expect(after - before).toBeLessThan(NOISE_BYTES);
});

async function afterCalls(ask: () => unknown, calls: number): Promise<number> {
  let left = calls;
  const one = async () => {
    for (; left > 0; left -= 1) await new Promise((done) => done(ask())).catch(() => undefined);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  kms.forget();
  return settled();
}

/** On a busy machine, connections closed by their clients take a while to go. */
async function settled(last = Number.POSITIVE_INFINITY): Promise<number> {
  const held = Number(await living.ask(proxy.child.pid));
  return last - held < SETTLED_BYTES ? held : settled(held);
}
