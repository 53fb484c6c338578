import { expect, test } from 'vitest';
import { createCommitter } from '../../../src/audit/batches/committer.ts';
import {
  claimRound,
  createRounds,
  isOpen,
  releaseRound,
} from '../../../src/audit/batches/rounds.ts';
import { toBody, toEventBody } from '../../../src/audit/entries/body.ts';
import type { Order } from '../../../src/audit/messages.ts';
import type { Refusal } from '../../../src/errors.ts';
import { idOf } from '../samples.ts';

/** An event loop that is quiet. */
const turn = (work: () => void) => work();

test('an entry not durable by the deadline is refused for good, and service resumes afterwards', async () => {
  let now = 0;
  const rounds = new Int32Array(createRounds());
  const told: string[] = [];
  const orders: Order[] = [];
  const committer = createCommitter({
    ...{
      rounds,
      deadlineMs: 2_000,
      maxQueue: 10,
      monotonic: () => now,
      soon: queueMicrotask,
      turn,
    },
    post: (order) => orders.push(order),
    onCommit: (ms) => told.push(`durable after ${ms}`),
    onFull: () => undefined,
    onSuspend: (code) => told.push(`suspended: ${code}`),
    onResume: (open) => told.push(`resumed, open: ${open}`),
  });
  const submit = async () => {
    committer.submit(toEventBody('config', '', {}), {
      kept: () => told.push('kept'),
      refused: ({ reason, cause }: Refusal) => told.push(`${reason}: ${cause}`),
    });
    await undefined;
  };
  const happened = () => told.splice(0);

  await submit();
  now = 1_999;
  committer.check();
  expect(happened()).toEqual([]);
  now = 2_000;
  committer.check();
  expect(happened()).toEqual(['AUDIT_UNAVAILABLE: DEADLINE', 'suspended: DEADLINE']);
  expect(claimRound(rounds, { id: 1, round: 0 }), 'the disk took it after all').toBe(false);
  await submit();
  expect(happened()).toEqual(['AUDIT_UNAVAILABLE: DEADLINE']);

  committer.take({ type: 'well', open: ['a'] });
  await submit();
  now = 2_005;
  expect(claimRound(rounds, { id: 2, round: 1 })).toBe(true);
  committer.take({ type: 'done', id: 2, seq: 9 });
  expect(happened()).toEqual(['resumed, open: a', 'durable after 5', 'kept']);
  expect(orders.map((order) => order.type)).toEqual(['batch', 'batch']);
});

test('no batch is longer than the torn end that a start accepts, and no entry waits for ever', async () => {
  const orders: (Order & { type: 'batch' })[] = [];
  const kept: number[] = [];
  const committer = createCommitter({
    ...{ rounds: new Int32Array(createRounds()), deadlineMs: 2_000, maxQueue: 100 },
    ...{ monotonic: () => 0, soon: queueMicrotask, turn },
    post: (order) => order.type === 'batch' && orders.push(order),
    onCommit: () => undefined,
    onFull: () => undefined,
    onSuspend: () => undefined,
    onResume: () => undefined,
  });
  const sizes = [300_000, 1_900_000, 10, 10, 900_000, 300_000, 10];
  for (const [index, size] of sizes.entries()) {
    committer.submit(toEventBody('config', 'é'.repeat(size), {}), {
      kept: () => kept.push(index),
      refused: () => expect.unreachable(),
    });
  }
  await undefined;
  for (const order of orders) committer.take({ type: 'done', id: order.id, seq: 9 });
  expect(kept).toEqual(sizes.map((_, index) => index));
  expect(orders).toHaveLength(4);
  const sole = orders.map(({ bytes }) => bytes).filter((bytes) => bytes > 4 << 20);
  expect(sole, 'only one that is too large by itself').toEqual([]);
});

test('the memory of a batch that was given up is not used again: a stuck thread may still read it', async () => {
  let now = 0;
  const rounds = new Int32Array(createRounds());
  const batches: (Order & { type: 'batch' })[] = [];
  const refused: unknown[] = [];
  const committer = createCommitter({
    ...{ rounds, deadlineMs: 2_000, maxQueue: 1, monotonic: () => now, soon: queueMicrotask, turn },
    post: (order) => order.type === 'batch' && batches.push(order),
    ...{ onCommit() {}, onFull: () => refused.push('full'), onSuspend() {}, onResume() {} },
  });
  const submit = async () => {
    const waiter = { kept() {}, refused: ({ cause }: Refusal) => refused.push(cause) };
    committer.submit(toEventBody('config', '', {}), waiter);
    await undefined;
  };
  await submit();
  await submit();
  expect(refused.splice(0)).toEqual(['full', 'QUEUE_FULL']);
  committer.take({ type: 'done', id: 1, seq: 1 });
  await submit();
  now = 2_000;
  committer.check();
  expect(refused).toEqual(['DEADLINE']);
  committer.take({ type: 'well', open: [] });
  await submit();
  const [first, stuck, next] = batches.map(({ memory }) => memory);
  expect(stuck).toBe(first);
  expect(next).not.toBe(stuck);
});

/** A committer, what it told, and the batches that it sent. */
function setUp(clock: { now: number }, turns?: (() => void)[]) {
  const rounds = new Int32Array(createRounds());
  const told: string[] = [];
  const batches: (Order & { type: 'batch' })[] = [];
  const committer = createCommitter({
    ...{
      rounds,
      deadlineMs: 2_000,
      maxQueue: 10,
      monotonic: () => clock.now,
      soon: queueMicrotask,
      turn: turns ? (work) => turns.push(work) : turn,
    },
    post: (order) => order.type === 'batch' && batches.push(order),
    ...{ onCommit() {}, onFull() {}, onResume() {} },
    onSuspend: (code) => told.push(`suspended: ${code}`),
  });
  const body = toEventBody('config', '', {});
  const submit = async () => {
    committer.submit(body, {
      kept: (seq) => told.push(`kept before ${seq}`),
      refused: ({ cause }, sent) => told.push(`${cause}, ${sent ? 'sent' : 'not sent'}`),
    });
    await undefined;
    return batches.at(-1)!;
  };
  return { committer, rounds, told, batches, body, submit };
}

test('a batch that was committed by its deadline is kept, however late that is reported', async () => {
  const clock = { now: 0 };
  const { committer, rounds, told, submit } = setUp(clock);
  const first = await submit();
  expect(claimRound(rounds, first)).toBe(true);
  clock.now = 5_000;
  committer.check();
  releaseRound(rounds, first);
  committer.check();
  committer.take({ type: 'done', id: first.id, seq: 3 });
  expect(told).toEqual(['kept before 3']);
  const next = await submit();
  expect(isOpen(rounds, next)).toBe(true);
  expect(isOpen(rounds, first)).toBe(false);
});

test('what was on its way to a thread that died may be in the log; the next thread takes what comes then', async () => {
  const { committer, rounds, told, batches, body, submit } = setUp({ now: 0 });
  const first = await submit();
  await submit();
  // It died as it was committing.
  expect(claimRound(rounds, first)).toBe(true);
  const drained = committer.drained();
  committer.abandon('THREAD', 'it died');
  expect(told).toEqual(['THREAD, sent', 'THREAD, not sent', 'suspended: THREAD']);
  expect(committer.submitNow(body, 1_000)).toBe(false);
  expect(batches).toEqual([first]);
  committer.take({ type: 'well', open: [] });
  await drained;
  const next = await submit();
  expect(isOpen(rounds, next)).toBe(true);
  // Nothing that was refused is sent after all.
  expect(Buffer.from(next.memory, 0, next.bytes).toString()).toBe(`${body}\n`);
  expect(committer.queued()).toBe(1);
});

test('a lone entry is sent at once; after a crowd, a batch waits until no more come', async () => {
  const turns: (() => void)[] = [];
  const { committer, batches, submit } = setUp({ now: 0 }, turns);
  const keep = () => committer.take({ type: 'done', id: batches.length, seq: 9 });
  const loopTurns = (count: number) => {
    for (let index = 0; index < count; index += 1) for (const work of turns.splice(0)) work();
  };
  await submit();
  await submit();
  await submit();
  expect(batches, 'the others wait for its sync').toHaveLength(1);
  keep();
  expect(batches, 'it was alone, so they wait for nobody').toHaveLength(2);
  await submit();
  keep();
  loopTurns(3);
  await submit();
  loopTurns(4);
  expect(batches, 'another came meanwhile').toHaveLength(2);
  loopTurns(1);
  expect(batches).toHaveLength(3);
  expect(committer.queued()).toBe(2);
  keep();
  expect([committer.queued(), turns]).toEqual([0, []]);
});

test('what waited for others when the log was suspended is refused, and the next entries are sent', async () => {
  const turns: (() => void)[] = [];
  const { committer, batches, told, submit } = setUp({ now: 0 }, turns);
  await submit();
  await submit();
  await submit();
  committer.take({ type: 'done', id: 1, seq: 9 });
  await submit();
  committer.take({ type: 'done', id: 2, seq: 9 });
  told.splice(0);
  committer.take({ type: 'fault', id: -1, code: 'EIO', message: '' });
  expect(told).toEqual(['EIO, not sent', 'suspended: EIO']);
  committer.take({ type: 'well', open: [] });
  await submit();
  while (turns.length > 0) for (const work of turns.splice(0)) work();
  expect([batches.length, committer.queued()]).toEqual([3, 1]);
});

test('a full queue takes no further call, but each end of one whose intent it took', async () => {
  const told: unknown[] = [];
  const committer = createCommitter({
    ...{ rounds: new Int32Array(createRounds()), deadlineMs: 2_000, maxQueue: 1 },
    ...{ monotonic: () => 0, soon: queueMicrotask, turn, post() {} },
    ...{ onCommit() {}, onFull() {}, onSuspend() {}, onResume() {} },
  });
  const pieces = { head: '', middle: '', tail: '' };
  for (const mark of ['+', '+', ' ', '-'] as const) {
    const refused = ({ cause }: Refusal) => told.push(`${mark} ${cause}`);
    committer.submit(toBody(mark, idOf(1), pieces), { kept() {}, refused });
  }
  expect(told).toEqual(['+ QUEUE_FULL', '  QUEUE_FULL']);
  expect(committer.queued()).toBe(2);
});
