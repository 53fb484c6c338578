import { expect, test } from 'vitest';
import { whenQuiet } from '../../../src/audit/batches/when-quiet.ts';

test.each([
  { comes: 'nothing', counts: [1, 1, 1, 1, 1, 1], turns: 4 },
  { comes: 'one at once', counts: [1, 2, 2, 2, 2, 2], turns: 5 },
  { comes: 'one as the wait would end', counts: [1, 1, 1, 1, 2, 2, 2, 2, 2], turns: 8 },
  { comes: 'one in each turn', counts: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], turns: 10 },
])('$comes: ends after $turns turns of 0.2 ms', ({ counts, turns }) => {
  let turned = 0;
  let done = 0;
  const waiting: (() => void)[] = [];
  whenQuiet(
    () => counts[turned] ?? 0,
    () => {
      done += 1;
    },
    { turn: (work) => waiting.push(work), monotonic: () => turned / 5 },
  );
  while (waiting.length > 0) {
    turned += 1;
    waiting.pop()?.();
  }
  expect([turned, done]).toEqual([turns, 1]);
});
