import { EventEmitter, getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Refusal } from '../../src/errors.ts';
import {
  startItemLifetime,
  startLifetime,
  startRequestLifetime,
} from '../../src/server/lifetime.ts';

const LIMITS = { fallbackMs: 40, maxMs: 80 };

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

function start(deadline: number) {
  const events = new EventEmitter();
  const call = Object.assign(events, { getDeadline: () => deadline });
  return { events, lifetime: startLifetime(call, LIMITS) };
}

const reasonOf = ({ aborted, reason }: AbortSignal) => (aborted ? reason.reason : 'alive');

describe('the lifetime of a call', () => {
  test.each([
    ['its own deadline', 20, 20],
    ['the fallback if it has none', Number.POSITIVE_INFINITY, 40],
    ['the maximum if it asks for more', 60_000, 80],
    ['no time at all if the deadline has passed', -1, 0],
  ])('is %s', (_name, asked, given) => {
    const { lifetime } = start(Date.now() + asked);
    if (given > 0) {
      vi.advanceTimersByTime(given - 1);
      expect(reasonOf(lifetime.signal)).toBe('alive');
    }
    vi.advanceTimersByTime(1);
    expect(reasonOf(lifetime.signal)).toBe('DEADLINE_EXCEEDED');
  });

  test('ends at once when the caller cancels', () => {
    const { events, lifetime } = start(Date.now() + 20);
    events.emit('cancelled');
    expect(reasonOf(lifetime.signal)).toBe('CANCELLED');
  });

  test('ends as DEADLINE_EXCEEDED when grpc-js reports its deadline as "cancelled"', () => {
    const { events, lifetime } = start(Date.now() + 20);
    vi.advanceTimersByTime(19);
    events.emit('cancelled');
    expect(reasonOf(lifetime.signal)).toBe('DEADLINE_EXCEEDED');
  });

  // A client resets its call when its time is up, and its clock started before ours.
  test.each([
    [75, 'CANCELLED'],
    [77, 'DEADLINE_EXCEEDED'],
  ])('reset after %i of 80 ms ends as %s', (afterMs, reason) => {
    const { events, lifetime } = start(Date.now() + 80);
    vi.advanceTimersByTime(afterMs);
    events.emit('cancelled');
    expect(reasonOf(lifetime.signal)).toBe(reason);
  });

  test.each([-3_600_000, 3_600_000])('is unaffected by a clock jump of %i ms', (jumpMs) => {
    const [gone, stays] = [start(Date.now() + 20), start(Date.now() + 20)];
    vi.setSystemTime(Date.now() + jumpMs);
    gone.events.emit('cancelled');
    expect(reasonOf(gone.lifetime.signal)).toBe('CANCELLED');
    vi.advanceTimersByTime(19);
    expect(reasonOf(stays.lifetime.signal)).toBe('alive');
    vi.advanceTimersByTime(1);
    expect(reasonOf(stays.lifetime.signal)).toBe('DEADLINE_EXCEEDED');
  });

  test('ignores the "cancelled" that grpc-js emits after every answered call', () => {
    const { events, lifetime } = start(Date.now() + 20);
    lifetime.end();
    events.emit('cancelled');
    vi.advanceTimersByTime(100);
    expect(reasonOf(lifetime.signal)).toBe('alive');
  });
});

describe('the lifetime of a stream item', () => {
  test.each([
    ['what it asks for', 20, 20],
    ['the fallback if it asks for nothing', 0, 40],
    ['the maximum if it asks for more', 4_294_967_295, 80],
  ])('is %s', (_name, asked, given) => {
    const { signal } = startItemLifetime(asked, LIMITS);
    vi.advanceTimersByTime(given - 1);
    expect(reasonOf(signal)).toBe('alive');
    vi.advanceTimersByTime(1);
    expect(reasonOf(signal)).toBe('DEADLINE_EXCEEDED');
  });

  test('ends with its stream, and leaves no timer once it is done', () => {
    const [cut, done] = [startItemLifetime(20, LIMITS), startItemLifetime(20, LIMITS)];
    cut.cut(new Refusal('CANCELLED'));
    done.end();
    cut.end();
    expect(reasonOf(cut.signal)).toBe('CANCELLED');
    expect(vi.getTimerCount()).toBe(0);
  });
});

test('an HTTP request lives until its client leaves or its time is up, and leaves nothing once it is answered', () => {
  const [client, leaving] = [new AbortController(), new AbortController()];
  const late = startRequestLifetime(client.signal, 20);
  const left = startRequestLifetime(leaving.signal, 20);
  vi.advanceTimersByTime(19);
  expect(reasonOf(late.signal)).toBe('alive');
  leaving.abort();
  expect(reasonOf(left.signal)).toBe('CANCELLED');
  vi.advanceTimersByTime(1);
  expect(reasonOf(late.signal)).toBe('DEADLINE_EXCEEDED');
  const answered = startRequestLifetime(client.signal, 20);
  for (const { end } of [late, left, answered]) end();
  expect(getEventListeners(client.signal, 'abort')).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});
