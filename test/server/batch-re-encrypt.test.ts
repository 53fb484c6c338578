import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import type { Arrival, Principal } from '../../src/call.ts';
import { Refusal } from '../../src/errors.ts';
import { ANONYMOUS } from '../../src/identity/principal.ts';
import type { Pipeline, Released } from '../../src/pipeline.ts';
import { batchReEncryptMethod } from '../../src/server/batch-re-encrypt.ts';
import type { HandlerTools } from '../../src/server/handler-tools.ts';
import { createPerformItem } from '../../src/server/re-encrypt-item.ts';
import type { Envelope } from '../../src/server/read-call.ts';
import { createStatusWriter } from '../../src/server/status.ts';
import { createTurns } from '../../src/turns.ts';

const ANSWER = {
  ciphertext: Buffer.from('new'),
  sourceKeyArn: 'arn:a',
  destinationKeyArn: 'arn:b',
  sourceAlgorithm: 'SYMMETRIC_DEFAULT',
  destinationAlgorithm: 'SYMMETRIC_DEFAULT',
  sourceKeyMaterialId: '',
  destinationKeyMaterialId: '',
  dryRun: false,
} as const;

const REQUEST = {
  ciphertextBlob: Buffer.from('old'),
  sourceKeyId: 'alias/a',
  sourceEncryptionContext: {},
  destinationKeyId: 'alias/b',
  destinationEncryptionContext: {},
  sourceEncryptionAlgorithm: 'ENCRYPTION_ALGORITHM_UNSPECIFIED',
  destinationEncryptionAlgorithm: 'ENCRYPTION_ALGORITHM_UNSPECIFIED',
  grantTokens: [],
  dryRun: false,
  dryRunModifiers: [],
} as const;

const identify = ({ peer }: Arrival): Principal => ({ ...ANONYMOUS, id: peer });
const arrival = { peer: 'somebody' } as Arrival;

test('a batch whose time is up returns what is done, and begins nothing more', async () => {
  const time = new AbortController();
  const begun: string[] = [];
  const turnedAway: string[] = [];
  /** The first call is done at once; the second outlasts the time. */
  const pipeline: Pipeline = async (call) => {
    begun.push(call.id);
    if (begun.length === 1) return { call, answer: ANSWER } as unknown as Released;
    time.abort(new Refusal('DEADLINE_EXCEEDED'));
    call.signal.throwIfAborted();
    throw new Error('it was not stopped');
  };
  const ids = [1, 2, 3, 4].map((n) => `id-${n}`);
  const tools = {
    status: createStatusWriter(),
    newId: () => ids.shift(),
    now: () => 0,
    turn: () => undefined,
    turnedAway: ({ reason }: Refusal) => void turnedAway.push(reason),
  } as unknown as HandlerTools;
  const { perform } = batchReEncryptMethod({
    performItem: createPerformItem(pipeline, tools),
    identify,
    itemsAtOnce: 1,
    tools,
  });

  const items = ['a', 'b', 'c', 'd'].map((reference) => ({ reference, request: REQUEST }));
  const whole = { id: 'batch', action: 'kms:ReEncrypt', arrival, signal: time.signal } as Envelope;
  const { results } = await perform({ items: items as never }, whole);

  expect(results?.map(({ reference, status: told }) => [reference, told?.code])).toEqual([
    ['a', status.OK],
    ['b', status.DEADLINE_EXCEEDED],
    ['c', status.DEADLINE_EXCEEDED],
    ['d', status.DEADLINE_EXCEEDED],
  ]);
  expect(begun).toEqual(['id-1', 'id-2']);
  expect(turnedAway).toEqual(['DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED']);
});

test('an internal fault in an item is logged under the id that its caller gets', async () => {
  const told: unknown[][] = [];
  const tools = {
    status: createStatusWriter(),
    newId: () => 'id-1',
    now: () => 0,
    turn: () => undefined,
    onInternal: (...what: unknown[]) => void told.push(what),
  } as unknown as HandlerTools;
  const fault = new TypeError('a mistake of ours');
  const performItem = createPerformItem(() => Promise.reject(fault), tools);
  const { signal } = new AbortController();
  const whole = { id: 'batch', action: 'kms:ReEncrypt', arrival, signal } as Envelope;
  const { status: answer } = await performItem(
    { reference: 'a', request: REQUEST as never },
    whole,
  );
  expect(answer).toMatchObject({ code: status.INTERNAL });
  expect(JSON.stringify(answer)).not.toContain(fault.message);
  expect(told).toEqual([['id-1', fault]]);
});

test('a batch whose items are all refused does not block the event loop', async () => {
  const tools = {
    status: createStatusWriter(),
    newId: () => 'id',
    now: () => 0,
    turn: () => undefined,
    turnedAway: () => {},
  } as unknown as HandlerTools;
  const pipeline: Pipeline = () => Promise.reject(new Error('none comes so far'));
  const { perform } = batchReEncryptMethod({
    performItem: createPerformItem(pipeline, tools),
    identify,
    itemsAtOnce: 10,
    tools,
  });
  let turns = 0;
  let other = setImmediate(function count() {
    turns += 1;
    other = setImmediate(count);
  });
  const items = Array.from({ length: 100 }, () => ({ reference: '', request: null }));
  const { signal } = new AbortController();
  await perform({ items }, { id: 'batch', action: 'kms:ReEncrypt', arrival, signal } as Envelope);
  clearImmediate(other);
  expect(turns).toBeGreaterThanOrEqual(9);
});

test('items with large contexts begin a few in each turn of the event loop', async () => {
  const begun: number[] = [];
  let turns = 0;
  let other = setImmediate(function count() {
    turns += 1;
    other = setImmediate(count);
  });
  const { perform } = batchReEncryptMethod({
    performItem: async ({ reference }) => {
      begun.push(turns);
      return { reference };
    },
    identify,
    itemsAtOnce: 32,
    tools: { turn: createTurns({ bytes: 64 * 1024 }), turnedAway: () => {} },
  });
  const pairs = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`${n}`, 'x']));
  const contexts = { sourceEncryptionContext: pairs, destinationEncryptionContext: pairs };
  const items = Array(32).fill({ reference: '', request: { ...REQUEST, ...contexts } });
  const { signal } = new AbortController();
  await perform({ items }, { id: 'batch', action: 'kms:ReEncrypt', arrival, signal } as Envelope);
  clearImmediate(other);
  const together = [...Map.groupBy(begun, (turn) => turn).values()];
  const most = Math.max(...together.map(({ length }) => length));
  expect(most).toBeLessThanOrEqual(4);
});

test('of batches at once sixteen are taken; a refused one is counted, and each place is free again', async () => {
  const turnedAway: string[] = [];
  const held = Promise.withResolvers<{ reference: string }>();
  const { perform } = batchReEncryptMethod({
    performItem: () => held.promise,
    identify,
    itemsAtOnce: 1,
    tools: { turn: () => undefined, turnedAway: ({ reason }) => void turnedAway.push(reason) },
  });
  let callers = 0;
  const ask = async (count: number, { signal } = new AbortController()) => {
    callers += 1;
    const arrival = { peer: `${callers}` } as Arrival;
    const items = Array.from({ length: count }, () => ({ reference: '', request: null }));
    const envelope = { id: 'batch', action: 'kms:ReEncrypt', arrival, signal } as Envelope;
    return (await perform({ items }, envelope)).results;
  };
  await expect(ask(1_001)).rejects.toMatchObject({ reason: 'INVALID_REQUEST' });
  const caller = new AbortController();
  const left = ask(1, caller);
  const open = Array.from({ length: 15 }, () => ask(1));
  await expect(ask(1)).rejects.toMatchObject({ reason: 'LIMITED' });
  expect(turnedAway).toEqual(['INVALID_REQUEST', 'LIMITED']);

  caller.abort(new Refusal('CANCELLED'));
  held.resolve({ reference: 'done' });
  await expect(left).rejects.toMatchObject({ reason: 'CANCELLED' });
  await Promise.all(open);
  const again = await Promise.all(Array.from({ length: 16 }, () => ask(1)));
  expect(again).toEqual(again.map(() => [{ reference: 'done' }]));
});
