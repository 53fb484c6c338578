import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { createGate, type GateLimits } from '../../src/limits/gate.ts';

const { signal } = new AbortController();

test('a place that becomes free above a limit that has fallen is not handed on', async () => {
  let maxInFlight = 2;
  const gate = createGate({ maxInFlight: () => maxInFlight, maxQueue: 1, maxWaitMs: 60_000 });
  expect([gate.tryEnter(), gate.tryEnter(), gate.tryEnter()]).toEqual([true, true, false]);
  const waiting = gate.wait(signal);
  maxInFlight = 1;
  gate.leave();
  expect([gate.inFlight, gate.waiting]).toEqual([1, 1]);
  gate.leave();
  expect(await waiting).toBe('entered');
  expect([gate.inFlight, gate.waiting]).toEqual([1, 0]);
});

test('whoever waits leaves neither a timer nor a listener behind, however the wait ends', async () => {
  const timers = new Set<() => void>();
  const after: GateLimits['after'] = (_, act) => {
    timers.add(act);
    return () => timers.delete(act);
  };
  const gate = createGate({ maxInFlight: () => 1, maxQueue: 1, maxWaitMs: 5, after });
  gate.tryEnter();
  const caller = new AbortController();
  const wait = () => gate.wait(caller.signal).catch((reason: unknown) => reason);

  const entered = wait();
  gate.leave();
  const expired = (await entered) === 'entered' && wait();
  for (const act of timers) act();
  const aborted = (await expired) === 'timeout' && wait();
  expect([gate.waiting, timers.size]).toEqual([1, 1]);
  expect(getEventListeners(caller.signal, 'abort')).toHaveLength(1);
  caller.abort('gone');
  expect(await aborted).toBe('gone');
  // It is gone already: then it does not wait.
  expect(await wait()).toBe('gone');
  expect([gate.waiting, timers.size]).toEqual([0, 0]);
});
