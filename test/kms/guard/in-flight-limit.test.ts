import { expect, test } from 'vitest';
import { createInFlightLimit } from '../../../src/kms/guard/in-flight-limit.ts';

const AT = 5_000;

test('falls by a quarter, once for each overload, and never below the least', () => {
  const limit = createInFlightLimit(16);
  limit.throttled(AT);
  limit.throttled(AT + 99);
  expect(limit.current()).toBe(12);
  limit.throttled(AT + 100);
  expect(limit.current()).toBe(9);
  limit.throttled(AT + 200);
  expect(limit.current()).toBe(8);
});

test('grows by one with each round of answers, and never above the most', () => {
  const limit = createInFlightLimit(16);
  limit.throttled(AT);
  for (let n = 0; n < 11; n += 1) limit.succeeded();
  expect(limit.current()).toBe(12);
  limit.succeeded();
  limit.succeeded();
  expect(limit.current()).toBe(13);
  for (let n = 0; n < 100; n += 1) limit.succeeded();
  expect(limit.current()).toBe(16);
});
