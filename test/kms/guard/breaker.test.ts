import { expect, test } from 'vitest';
import { type Breaker, createBreaker } from '../../../src/kms/guard/breaker.ts';

const AT = 123_456;

function times(count: number, act: () => void): void {
  for (let n = 0; n < count; n += 1) act();
}

/** A breaker that has just opened. */
function opened(): Breaker {
  const breaker = createBreaker(() => undefined);
  times(20, () => breaker.failed(AT));
  expect(breaker.state).toBe('open');
  return breaker;
}

test('opens at half of at least twenty calls, and not at less', () => {
  const breaker = createBreaker(() => undefined);
  times(11, () => breaker.succeeded(AT));
  times(10, () => breaker.failed(AT));
  expect(breaker.state).toBe('closed');
  breaker.failed(AT);
  expect(breaker.state).toBe('open');
});

test('does not open for nineteen failures, nor for those of more than ten seconds ago', () => {
  const breaker = createBreaker(() => undefined);
  times(19, () => breaker.failed(AT));
  times(19, () => breaker.failed(AT + 11_000));
  expect(breaker.state).toBe('closed');
  breaker.failed(AT + 12_000);
  expect(breaker.state).toBe('open');
});

test('says how long it is still open', () => {
  expect(opened().enter(AT + 200)).toBe(300);
});

test('stays open when a call of before is answered, or fails, late', () => {
  const breaker = opened();
  breaker.succeeded(AT + 1);
  breaker.failed(AT + 2);
  expect(breaker.state).toBe('open');
  expect(breaker.enter(AT + 499)).toBe(1);
  expect(breaker.enter(AT + 500)).toBe(0);
});

test('opens again for one failed probe, however long ago the failures were that opened it', () => {
  const breaker = opened();
  expect(breaker.enter(AT + 60_000)).toBe(0);
  breaker.failed(AT + 60_010);
  expect(breaker.state).toBe('open');
});

test('once it has closed, forgets what failed before', () => {
  const breaker = opened();
  expect(breaker.enter(AT + 500)).toBe(0);
  breaker.succeeded(AT + 510);
  expect(breaker.state).toBe('closed');
  times(19, () => breaker.failed(AT + 520));
  expect(breaker.state).toBe('closed');
});

test('is open twice as long after each failed probe, 4 s at most, and as at first once it has closed', () => {
  const breaker = opened();
  let now = AT;
  for (const openMs of [500, 1000, 2000, 4000, 4000]) {
    expect(breaker.enter(now + 1)).toBe(openMs - 1);
    now += openMs;
    expect(breaker.enter(now)).toBe(0);
    breaker.failed(now);
  }
  now += 4000;
  expect(breaker.enter(now)).toBe(0);
  breaker.succeeded(now);
  times(20, () => breaker.failed(now));
  expect(breaker.enter(now)).toBe(500);
});
