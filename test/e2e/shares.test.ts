import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Client, createClient } from '../../src/client/create-client.ts';
import { type AwsProxy, startAwsProxy } from '../helpers/aws-proxy.ts';

const OWN = 20;
const RATE = 100;
/** Of the sixteen places for batches, what one principal may have. */
const BATCHES = 12;
const REQUEST = {
  ciphertextBlob: Buffer.from('ciphertext'),
  sourceKeyId: 'alias/a',
  destinationKeyId: 'alias/b',
};

let folder: string;
let aws: AwsProxy;
let tenant: Client;
let other: Client;
const tenantSocket = () => `unix:${folder}/tenant.sock`;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'shares-'));
  const listeners = ['tenant', 'other'].map((identity) => ({
    listen: `unix:${folder}/${identity}.sock`,
    identity,
  }));
  aws = await startAwsProxy({
    settings: [
      `grpc.listeners=${JSON.stringify(listeners)}`,
      `limits.max_in_flight=${OWN + 1}`,
      `limits.per_principal.max_in_flight=${OWN}`,
      'limits.per_principal.per_second=0.01',
      `limits.per_principal.burst=${RATE}`,
    ],
  });
  [tenant, other] = listeners.map(({ listen }) => createClient({ target: listen })) as [
    Client,
    Client,
  ];
});

beforeEach(() => aws.kms.forget());

afterAll(async () => {
  tenant.close();
  other.close();
  await aws.close();
});

const batch = (of: Client, count: number) =>
  of.batchReEncrypt(
    Array.from({ length: count }, (_, n) => ({ reference: `${n}`, request: REQUEST })),
    { timeoutMs: 10_000 },
  );

/** Until a call that was cancelled has ended, it holds its places. */
const inFlight = () => aws.proxy.metric('kms_reencrypt_in_flight_calls{transport="grpc"}');

const reEncrypts = () => aws.kms.requests.filter(({ operation }) => operation === 'ReEncrypt');

test('batches of one principal, over however many connections, leave places for others', async () => {
  aws.kms.always({ kind: 'hang' }, 'ReEncrypt');
  const workers = Array.from({ length: 24 }, () => createClient({ target: tenantSocket() }));
  const stop = new AbortController();
  const items = [{ reference: 'one', request: REQUEST }];
  let refused = 0;
  const open = workers.map((worker) =>
    worker.batchReEncrypt(items, { signal: stop.signal }).catch(({ facts }) => {
      if (facts.reason === 'LIMITED') refused += 1;
    }),
  );
  await expect.poll(() => refused).toBe(24 - BATCHES);
  aws.kms.always(undefined, 'ReEncrypt');
  expect((await batch(other, 1))[0]?.response).toBeDefined();
  stop.abort();
  await Promise.all(open);
  for (const worker of workers) worker.close();
  await expect.poll(inFlight).toBe('0');
});

test('all batches of one caller share its in-flight limit, and leave room for others', async () => {
  aws.kms.always({ kind: 'answer', delayMs: 500 }, 'ReEncrypt');
  const batches = [1, 2, 3, 4].map(() => batch(tenant, 10));
  await expect.poll(() => reEncrypts().length).toBe(OWN);
  const { ciphertextBlob } = await other.reEncrypt(REQUEST);
  expect(ciphertextBlob.length).toBeGreaterThan(0);
  const results = (await Promise.all(batches)).flat();
  expect(results.filter(({ response }) => response)).toHaveLength(OWN);
  expect(new Set(results.map(({ refused }) => refused?.facts.reason))).toEqual(
    new Set([undefined, 'LIMITED']),
  );
});

test('each item counts against its caller’s rate', async () => {
  const results = await batch(tenant, 200);
  // The tests before spent the rest of the rate; items refused by the in-flight limit cost nothing.
  expect(results.filter(({ response }) => response)).toHaveLength(RATE - OWN - BATCHES);
  expect(reEncrypts()).toHaveLength(RATE - OWN - BATCHES);
});
