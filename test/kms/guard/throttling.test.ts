import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { guardKms } from '../../../src/kms/guard/guard.ts';
import type { Kms } from '../../../src/kms/port.ts';
import { toKmsRequest } from '../../../src/kms/request.ts';
import { createGate } from '../../../src/limits/gate.ts';
import { ANSWER, DOWN, THROTTLED } from '../answers.ts';
import { aPermit } from '../permits.ts';

const WINDOW_MS = 10_000;

/** A call, and what KMS does with it while it does not throttle everything. */
interface Arrival {
  readonly gapMs: number;
  readonly latencyMs: number;
  readonly fate: 'good' | 'throttled' | 'down';
}

interface Asked extends Arrival {
  readonly at: number;
  tries: number;
}

/** When KMS throttles everything. */
interface Weather {
  readonly fromMs: number;
  readonly forMs: number;
}

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

test('while KMS throttles everything, requests stay within 1.2 times the calls of any 10 s', async () => {
  const arrival = fc.record({
    gapMs: fc.oneof(
      fc.constant(0),
      fc.integer({ max: 40, min: 1 }),
      fc.integer({ min: 0, max: 4000 }),
    ),
    latencyMs: fc.integer({ min: 1, max: 60 }),
    fate: fc.constantFrom('good', 'good', 'throttled', 'down'),
  });
  const weather = fc.record({
    fromMs: fc.integer({ min: 0, max: 5000 }),
    forMs: fc.integer({ min: WINDOW_MS, max: 3 * WINDOW_MS }),
  });
  let seen = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(arrival, { maxLength: 60, size: 'max' }),
      weather,
      async (arrivals, throttled) => {
        const calls = await run(arrivals, throttled);
        // Calls at the very end are answered after it.
        const within = calls.filter(
          ({ at }) => isWithin(at, throttled) && isWithin(at + 200, throttled),
        );
        seen += within.length;
        for (const { at } of within) {
          const window = within.filter((call) => call.at >= at && call.at < at + WINDOW_MS);
          const requests = window.reduce((sum, { tries }) => sum + tries, 0);
          expect(requests).toBeLessThanOrEqual(1.2 * window.length);
        }
      },
    ),
    { numRuns: 200 },
  );
  expect(seen).toBeGreaterThan(1000);
});

const isWithin = (ms: number, { fromMs, forMs }: Weather): boolean =>
  ms >= fromMs && ms < fromMs + forMs;

/** Each call with its time of arrival and the number of requests made to KMS for it. */
async function run(arrivals: readonly Arrival[], throttled: Weather) {
  vi.setSystemTime(0);
  const calls = new Map<AbortSignal, Asked>();
  const reEncrypt: Kms['reEncrypt'] = async ({ signal }) => {
    const call = calls.get(signal);
    if (!call) throw new Error('KMS was asked for no call');
    call.tries += 1;
    await passed(call.latencyMs);
    if (isWithin(Date.now(), throttled) || call.fate === 'throttled') throw THROTTLED;
    if (call.fate === 'down') throw DOWN;
    return ANSWER;
  };
  const guard = guardKms({
    kms: { reEncrypt } as Kms,
    limits: { maxInFlight: 512, retryRatio: 0.1 },
    createPlaces: (maxInFlight) => createGate({ maxInFlight, maxQueue: 64, maxWaitMs: 1000 }),
    keyTokens: { take: () => 0, giveBack() {} },
    onBreaker: () => {},
    random: () => 0.5,
    now: Date.now,
    sleep: passed,
  });
  const ends: Promise<unknown>[] = [];
  for (const arrival of arrivals) {
    await vi.advanceTimersByTimeAsync(arrival.gapMs);
    const { signal } = new AbortController();
    calls.set(signal, { ...arrival, at: Date.now(), tries: 0 });
    const request = toKmsRequest(aPermit({ call: { signal } }), 'resolved');
    ends.push(guard.reEncrypt(request).catch(() => {}));
  }
  await vi.advanceTimersByTimeAsync(WINDOW_MS);
  await Promise.all(ends);
  return [...calls.values()];
}

const passed = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
