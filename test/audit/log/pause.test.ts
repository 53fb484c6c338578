import { expect, test } from 'vitest';
import { createPause } from '../../../src/audit/log/pause.ts';

test('a pause begins when told, lasts as long as given, and ends if the clock steps far back', () => {
  let now = 1_000_000;
  const pause = createPause(() => now, 5_000);
  const overAt = (at: number) => {
    now = at;
    return pause.isOver();
  };
  expect(overAt(1_000_000)).toBe(true);
  pause.begin();
  expect([1_000_000, 1_004_999, 1_005_000, 9_000_000].map(overAt)).toEqual([
    ...[false, false],
    ...[true, true],
  ]);
  expect([999_000, 990_000].map(overAt)).toEqual([false, true]);
});
