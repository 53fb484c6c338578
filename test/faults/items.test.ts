import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ReEncryptServiceClient } from '../../src/gen/kms/reencrypt/v1/ReEncryptService.ts';
import type { StreamReEncryptResponse__Output } from '../../src/gen/kms/reencrypt/v1/StreamReEncryptResponse.ts';
import { type AwsProxy, startAwsProxy } from '../helpers/aws-proxy.ts';
import { connect } from '../helpers/grpc-client.ts';
import { createWorld } from '../simulation/world.ts';
import { reportTrials, SEED, trials } from './trials.ts';

const REQUEST = {
  ciphertextBlob: Buffer.from('ciphertext'),
  sourceKeyId: 'alias/a',
  destinationKeyId: 'alias/b',
};
const AT_ONCE = 6;
const ITEMS = 50;

const world = createWorld(SEED);

let aws: AwsProxy;
/** ReEncrypts that reached KMS. */
let forwarded = 0;

beforeAll(async () => {
  aws = await startAwsProxy({
    settings: [
      // In one file, so that `entries` reads all of them.
      `audit.rotate.max_bytes=${2 ** 29}`,
      // Without second tries, whatever reaches KMS is another item.
      'limits.kms.retry_ratio=0',
    ],
  });
});

afterAll(() => aws.close());

/** KMS is slow, and now and then refuses or is cut off. */
function trouble(): void {
  aws.kms.always({ kind: 'answer', delayMs: 5 }, 'ReEncrypt');
  aws.kms.watch(({ operation }) => {
    if (operation !== 'ReEncrypt') return;
    forwarded += 1;
    const delayMs = world.between(0, 40);
    if (world.chance(0.3)) aws.kms.next({ kind: 'answer', delayMs }, 'ReEncrypt');
    if (world.chance(0.05)) aws.kms.next({ kind: 'error', name: 'DisabledException' }, 'ReEncrypt');
    if (world.chance(0.03)) aws.kms.next({ kind: 'reset' }, 'ReEncrypt');
  });
}

/** A connection to the proxy that can be cut in the middle. */
async function relay() {
  const sockets: Socket[] = [];
  const port = Number(aws.proxy.endpoint.split(':')[1]);
  const server = createServer((near) => {
    const far = dial(port, '127.0.0.1');
    for (const socket of [near, far]) sockets.push(socket.on('error', () => {}));
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

type Answered = (result: StreamReEncryptResponse__Output) => void;

/** A batch and a stream on their own connection, abandoned at a random moment in a random way. */
async function askAndLeave(answered: Answered): Promise<void> {
  const { address, cut } = await relay();
  const client = connect(address, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  });
  const leaves = [sendBatch(client, answered), sendStream(client, answered)];
  await sleep(world.between(20, 600));
  if (world.chance(0.5)) for (const leave of leaves) leave();
  await sleep(world.between(0, 20));
  cut();
  client.close();
}

function sendBatch(client: ReEncryptServiceClient, answered: Answered): () => void {
  const items = Array.from({ length: ITEMS }, (_, n) => ({ reference: `${n}`, request: REQUEST }));
  const deadline = Date.now() + world.between(1, 800);
  const call = client.BatchReEncrypt({ items }, { deadline }, (_, answer) => {
    answer?.results.forEach(answered);
  });
  return () => call.cancel();
}

function sendStream(client: ReEncryptServiceClient, answered: Answered): () => void {
  const call = client.StreamReEncrypt();
  call.on('error', () => {}).on('data', answered);
  for (let n = 0; n < ITEMS; n += 1) {
    const deadlineMs = world.chance(0.3) ? Math.ceil(world.between(1, 60)) : 0;
    call.write({ reference: `${n}`, request: REQUEST, deadlineMs });
  }
  return () => (world.chance(0.5) ? call.cancel() : call.end());
}

test('each item sent to KMS has one intent and one terminal entry, however its caller leaves', async () => {
  const count = trials(300);
  const released = new Set<string>();
  const answered: Answered = ({ response }) => response && void released.add(response.decisionId);
  trouble();
  for (let done = 0; done < count; done += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, () => askAndLeave(answered)));
  }
  const inFlight = () => aws.proxy.metric('kms_reencrypt_in_flight_calls{transport="grpc"}');
  await expect.poll(inFlight).toBe('0');
  const ends = new Map<string, Entry[]>();
  const intents: string[] = [];
  await expect.poll(() => read(aws.proxy.entries(), intents, ends)).toBe(0);
  expect(new Set(intents).size).toBe(intents.length);
  expect(intents.length).toBeGreaterThanOrEqual(forwarded);
  expect([...ends.values()].filter(({ length }) => length !== 1)).toEqual([]);
  for (const id of released) expect(ends.get(id)?.[0]?.['outcome']).toMatchObject({ code: 'OK' });
  reportTrials({
    fault: `items whose callers leave (${forwarded} reached KMS, ${released.size} reached them)`,
    trials: count,
    injections: intents.length - released.size,
  });
});

type Entry = Readonly<Record<string, unknown>>;

/** Sorts the entries of calls; returns the number of intents without an end. */
function read(entries: readonly Entry[], intents: string[], ends: Map<string, Entry[]>): number {
  intents.length = 0;
  ends.clear();
  for (const entry of entries) {
    const id = entry['decision_id'];
    if (typeof id !== 'string') continue;
    if (entry['kind'] === 'intent') intents.push(id);
    else ends.set(id, [...(ends.get(id) ?? []), entry]);
  }
  return intents.filter((id) => !ends.has(id)).length;
}
