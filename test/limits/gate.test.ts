import { expect, test } from 'vitest';
import { createGate } from '../../src/limits/gate.ts';

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
