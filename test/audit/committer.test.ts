import { expect, test } from 'vitest';
import { toEventBody } from '../../src/audit/body.ts';
import { createCommitter } from '../../src/audit/committer.ts';
import type { Order } from '../../src/audit/messages.ts';
import { claimTurn, createTurn } from '../../src/audit/turn.ts';
import type { Refusal } from '../../src/errors.ts';

test('what is not durable within the deadline is given up for good, and service goes on after it', async () => {
  let now = 0;
  const turn = new Int32Array(createTurn());
  const told: string[] = [];
  const orders: Order[] = [];
  const committer = createCommitter({
    ...{ turn, deadlineMs: 2_000, maxQueue: 10, monotonic: () => now, soon: queueMicrotask },
    post: (order) => orders.push(order),
    onCommit: (ms) => told.push(`durable after ${ms}`),
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
  expect(claimTurn(turn, { id: 1, turn: 0 }), 'the disk took it after all').toBe(false);
  await submit();
  expect(happened()).toEqual(['AUDIT_UNAVAILABLE: DEADLINE']);

  committer.take({ type: 'well', open: ['a'] });
  await submit();
  now = 2_005;
  expect(claimTurn(turn, { id: 2, turn: 1 })).toBe(true);
  committer.take({ type: 'done', id: 2, seq: 9 });
  expect(happened()).toEqual(['resumed, open: a', 'durable after 5', 'kept']);
  expect(orders.map((order) => order.type)).toEqual(['batch', 'batch']);
});
