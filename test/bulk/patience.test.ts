import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createPatience } from '../../src/bulk/patience.ts';
import { RefusedError, type RefusedFacts } from '../../src/client/refused-error.ts';

const REFUSED = [new RefusedError('away', { code: 'UNAVAILABLE' } as RefusedFacts)];

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('patience starts again whenever any item makes progress', () => {
  const patience = createPatience({ patienceMs: 1_000, onHeldUp: () => {} });
  vi.advanceTimersByTime(900);
  expect(patience(REFUSED, true)).toBeTypeOf('number');
  vi.advanceTimersByTime(900);
  expect(patience(REFUSED, false)).toBeTypeOf('number');
  vi.advanceTimersByTime(200);
  expect(patience(REFUSED, false)).toBeUndefined();
});

test('a longer hold-up is reported once, until an item makes progress', () => {
  const onHeldUp = vi.fn();
  const patience = createPatience({ patienceMs: 1_000_000, onHeldUp });
  for (let tries = 0; tries < 6; tries += 1) patience(REFUSED, false);
  expect(onHeldUp).toHaveBeenCalledTimes(1);
  patience(REFUSED, true);
  for (let tries = 0; tries < 6; tries += 1) patience(REFUSED, false);
  expect(onHeldUp).toHaveBeenCalledTimes(2);
});
