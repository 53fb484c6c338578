import { setTimeout as sleep } from 'node:timers/promises';
import { Metadata, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { ReEncryptServiceClient } from '../../src/gen/kms/reencrypt/v1/ReEncryptService.ts';
import { type AwsProxy, startAwsProxy } from '../helpers/aws-proxy.ts';
import type { FakeKms } from '../helpers/fake-kms.ts';
import { reEncrypt, refusalOf } from '../helpers/grpc-client.ts';
import type { RunningProxy } from '../helpers/proxy.ts';
import { until } from '../helpers/until.ts';

let aws: AwsProxy;
let kms: FakeKms;
let proxy: RunningProxy;
let client: ReEncryptServiceClient;

const REQUEST = {
  ciphertextBlob: Buffer.from('ciphertext'),
  sourceKeyId: 'alias/a',
  destinationKeyId: 'alias/b',
};

beforeAll(async () => {
  aws = await startAwsProxy();
  ({ kms, proxy, client } = aws);
  await reEncrypt(client, REQUEST);
});

beforeEach(() => kms.forget());

afterAll(() => aws.close());

/** Entries of calls, without the log's own in between. */
const ofCalls = () => proxy.entries().filter((entry) => entry['decision_id']);

const lastTwo = () => ofCalls().slice(-2);

test('a passed deadline is reported as such and recorded once', async () => {
  kms.always({ kind: 'hang' }, 'ReEncrypt');
  // Its client keeps no deadline of its own, which would pass first on a busy machine and cancel the call.
  const deadline = new Metadata();
  deadline.set('grpc-timeout', '600m');
  const refused = new Promise((_, reject) => client.ReEncrypt(REQUEST, deadline, reject));
  const told = await refusalOf(refused);
  expect(told.code).toBe(status.DEADLINE_EXCEEDED);
  await until(() => lastTwo()[1]?.['kind'] === 'outcome');
  expect(lastTwo()).toMatchObject([
    { kind: 'intent' },
    { kind: 'outcome', outcome: { status: 'failed', reason: 'DEADLINE_EXCEEDED' } },
  ]);
});

test('a cancelled call aborts the request to KMS and is recorded once', async () => {
  kms.always({ kind: 'hang' }, 'ReEncrypt');
  const before = ofCalls().length;
  const call = client.ReEncrypt(REQUEST, () => {});
  await until(() => kms.requests.some(({ operation }) => operation === 'ReEncrypt'));
  call.cancel();
  await until(() => ofCalls().length >= before + 2);
  await sleep(50);
  expect(ofCalls().slice(before)).toMatchObject([
    { kind: 'intent' },
    { kind: 'outcome', outcome: { status: 'failed', reason: 'CANCELLED' } },
  ]);
});

test.each([
  ['another destination key', { KeyId: 'arn:aws:kms:eu-west-1:111122223333:key/other' }],
  ['another source key', { SourceKeyId: 'arn:aws:kms:eu-west-1:111122223333:key/other' }],
  ['no ciphertext', { CiphertextBlob: '' }],
])('an answer with %s is withheld, and the keys are looked up again', async (_name, change) => {
  kms.next({ kind: 'answer', change }, 'ReEncrypt');
  const told = await refusalOf(reEncrypt(client, REQUEST));
  expect(told).toMatchObject({
    code: status.FAILED_PRECONDITION,
    reason: 'CONFIRM_MISMATCH',
    metadata: { layer: 'proxy' },
  });
  expect(lastTwo()[1]).toMatchObject({ outcome: { status: 'withheld' } });
  kms.forget();
  await reEncrypt(client, REQUEST);
  const described = kms.requests.filter(({ operation }) => operation === 'DescribeKey');
  expect(described.map(({ body }) => body['KeyId']).sort()).toEqual(['alias/a', 'alias/b']);
});

test('a throttled call says when to retry, and stops automatic retries', async () => {
  kms.always({ kind: 'error', name: 'ThrottlingException' }, 'ReEncrypt');
  const told = await refusalOf(reEncrypt(client, REQUEST));
  expect(told).toMatchObject({
    code: status.RESOURCE_EXHAUSTED,
    reason: 'KMS_THROTTLED',
    pushback: '-1',
    retries: true,
  });
});

test('a key fact that KMS refuses fails the call; caller, log and metric get KMS’s error name', async () => {
  kms.next({ kind: 'error', name: 'AccessDeniedException' }, 'ListResourceTags');
  const told = await refusalOf(reEncrypt(client, { ...REQUEST, destinationKeyId: 'alias/new' }));
  expect(told).toMatchObject({
    code: status.UNAVAILABLE,
    reason: 'KEY_FACTS_UNAVAILABLE',
    metadata: { side: 'destination', kms_error: 'AccessDeniedException' },
  });
  expect(lastTwo()[1]).toMatchObject({ outcome: { kms_error: 'AccessDeniedException' } });
  const labels = 'operation="ListResourceTags",error="AccessDeniedException"';
  expect(await proxy.metric(`kms_reencrypt_kms_errors_total{${labels}}`)).toBe('1');
});

test('a key fact is missing without a KMS error name if KMS did not answer', async () => {
  kms.always({ kind: 'reset' }, 'DescribeKey');
  const told = await refusalOf(reEncrypt(client, { ...REQUEST, destinationKeyId: 'alias/lost' }));
  expect(told.reason).toBe('KEY_FACTS_UNAVAILABLE');
  expect(told.metadata).not.toHaveProperty('kms_error');
  expect(lastTwo()[1]?.['outcome']).not.toHaveProperty('kms_error');
});
