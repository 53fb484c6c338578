import process from 'node:process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Principal } from '../../src/call.ts';
import { ANONYMOUS } from '../../src/identity/principal.ts';
import {
  type Admission,
  type AdmitLimits,
  createAdmission as createAtOnce,
} from '../../src/limits/admit.ts';
import { createTokenBucket } from '../../src/limits/token-bucket.ts';

const LIMITS: AdmitLimits = {
  maxInFlight: 2,
  maxQueue: 1,
  maxWaitMs: 5000,
  all: { perSecond: 0, burst: 1 },
  perPrincipal: { perSecond: 0, burst: 1, maxInFlight: 100 },
};

const call = () => ({ signal: new AbortController().signal });

/** The same admission, always answering with a promise. */
const createAdmission = (limits: AdmitLimits, now: () => number) => {
  const admission = createAtOnce(limits, now);
  return {
    admit: async (...asked: Parameters<Admission['admit']>) => admission.admit(...asked),
    get inFlight() {
      return admission.inFlight;
    },
    get waiting() {
      return admission.waiting;
    },
  };
};
const principal = (id: string): Principal => ({ ...ANONYMOUS, id, kind: 'uds' });
const limited = expect.objectContaining({ reason: 'LIMITED' });

describe('places', () => {
  test('are taken up to the limit, waited for in order, and refused at once when the queue is full', async () => {
    const admission = createAdmission(LIMITS, () => 0);
    const leave = await admission.admit(ANONYMOUS, call());
    await admission.admit(ANONYMOUS, call());
    const waiting = admission.admit(ANONYMOUS, call());
    const refused = admission.admit(ANONYMOUS, call()).catch((thrown: unknown) => thrown);
    const waited = new Promise((resolve) => setImmediate(resolve, 'it had to wait'));
    expect(await Promise.race([refused, waited])).toEqual(limited);
    leave();
    (await waiting)();
    expect(admission.inFlight).toBe(1);
    expect(admission.waiting).toBe(0);
  });

  test('are waited for no longer than allowed', async () => {
    const admission = createAdmission({ ...LIMITS, maxInFlight: 1, maxWaitMs: 20 }, () => 0);
    const leave = await admission.admit(ANONYMOUS, call());
    await expect(admission.admit(ANONYMOUS, call())).rejects.toMatchObject({ retryAfterMs: 20 });
    leave();
    expect(admission.inFlight).toBe(0);
  });

  test('are no longer waited for by a caller that has left', async () => {
    const admission = createAdmission({ ...LIMITS, maxInFlight: 1 }, () => 0);
    const leave = await admission.admit(ANONYMOUS, call());
    const gone = new AbortController();
    const waiting = admission.admit(ANONYMOUS, { signal: gone.signal });
    gone.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    leave();
    expect([admission.inFlight, admission.waiting]).toEqual([0, 0]);
  });

  test('that a principal has waited for in vain no longer count for it', async () => {
    const perPrincipal = { perSecond: 0, burst: 1, maxInFlight: 1 };
    const limits = { ...LIMITS, maxInFlight: 1, maxWaitMs: 5, perPrincipal };
    const admission = createAdmission(limits, () => 0);
    const leave = await admission.admit(principal('a'), call());
    await expect(admission.admit(principal('b'), call())).rejects.toEqual(limited);
    const gone = new AbortController();
    const waiting = admission.admit(principal('b'), gone);
    gone.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    leave();
    await admission.admit(principal('b'), call());
    await expect(admission.admit(principal('b'), call())).rejects.toMatchObject({
      retryAfterMs: 1,
    });
  });

  test('are limited for each principal separately', async () => {
    const perPrincipal = { perSecond: 0, burst: 1, maxInFlight: 1 };
    const admission = createAdmission({ ...LIMITS, maxInFlight: 9, perPrincipal }, () => 0);
    const leave = await admission.admit(principal('a'), call());
    await expect(admission.admit(principal('a'), call())).rejects.toEqual(limited);
    await admission.admit(principal('b'), call());
    leave();
    await admission.admit(principal('a'), call());
    await expect(admission.admit(principal('a'), call())).rejects.toEqual(limited);
  });
});

describe('rates', () => {
  test.each([
    [10, 100],
    [1000, 1],
  ])(
    'limit one principal but not another, and say when to retry: %d a second',
    async (perSecond, retryAfterMs) => {
      let now = 0;
      const perPrincipal = { perSecond, burst: 1, maxInFlight: 100 };
      const admission = createAdmission({ ...LIMITS, maxInFlight: 99, perPrincipal }, () => now);
      await admission.admit(principal('a'), call());
      await expect(admission.admit(principal('a'), call())).rejects.toMatchObject({
        reason: 'LIMITED',
        retryAfterMs,
      });
      await admission.admit(principal('b'), call());
      now = retryAfterMs;
      await admission.admit(principal('a'), call());
    },
  );

  test('of the whole proxy, when exceeded, take nothing from the principal’s own', async () => {
    let now = 0;
    const admission = createAdmission(
      {
        ...LIMITS,
        maxInFlight: 99,
        all: { perSecond: 1000, burst: 1 },
        perPrincipal: { perSecond: 0.001, burst: 2, maxInFlight: 99 },
      },
      () => now,
    );
    await admission.admit(principal('a'), call());
    await expect(admission.admit(principal('a'), call())).rejects.toEqual(limited);
    now = 1;
    await admission.admit(principal('a'), call());
  });

  test('of zero leave a bucket full, so that an idle principal is recognised at once', () => {
    const bucket = createTokenBucket({ perSecond: 0, burst: 1 });
    expect([bucket.take(0), bucket.isFull(0), bucket.isFull(1000)]).toEqual([0, true, true]);
  });

  test('count a call that is given back as none, but never keep more than the burst', () => {
    const bucket = createTokenBucket({ perSecond: 1000, burst: 2 });
    bucket.giveBack();
    expect([bucket.take(0), bucket.take(0), bucket.take(0)]).toEqual([0, 0, 1]);
    bucket.giveBack();
    expect([bucket.take(0), bucket.take(0)]).toEqual([0, 1]);
  });

  test('neither grow nor shrink when the clock steps back', () => {
    const bucket = createTokenBucket({ perSecond: 1000, burst: 2 });
    expect([bucket.take(100), bucket.take(50), bucket.take(50)]).toEqual([0, 0, 1]);
    expect([bucket.take(100), bucket.take(101)]).toEqual([1, 0]);
  });

  test('admit no more than burst and time allow, and all that the told delay promises, whatever the clock does', () => {
    // Of these a bucket can count exactly.
    const perSecond = fc.integer({ min: -8, max: 3 }).map((power) => 1000 * 2 ** power);
    const pause = fc.integer({ min: -50, max: 500 });
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: pause },
    );
    const steps = fc.array(step, { minLength: 1, maxLength: 200 });
    // The clock starts at the first call, and the bucket refills from then on.
    const early: [number, number, number[]] = [1000, 1, [-50, 50]];
    fc.assert(
      fc.property(perSecond, fc.integer({ min: 1, max: 9 }), steps, (rate, burst, pauses) => {
        const bucket = createTokenBucket({ perSecond: rate, burst });
        const [first = 0] = pauses;
        let now = 0;
        let latest = first;
        let passed = 0;
        for (const pause of pauses) {
          now += pause;
          latest = Math.max(latest, now);
          const delay = bucket.take(now);
          passed += 1;
          if (delay === 0) continue;
          now = latest + delay;
          latest = now;
          expect([bucket.take(now - 1), bucket.take(now)]).toEqual([1, 0]);
        }
        expect(passed).toBeLessThanOrEqual(burst + ((latest - first) * rate) / 1000);
      }),
      { examples: [early] },
    );
  });
});

test('every place is given back, whatever callers do', async () => {
  const act = fc.constantFrom('enter', 'leave', 'abort');
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 60 }), async (acts) => {
      const admission = createAdmission({ ...LIMITS, maxQueue: 3 }, () => 0);
      const inside: (() => void)[] = [];
      const controllers: AbortController[] = [];
      const entering: Promise<void>[] = [];
      for (const what of acts) {
        if (what === 'enter') {
          const controller = new AbortController();
          controllers.push(controller);
          const entered = admission.admit(ANONYMOUS, controller);
          entering.push(
            entered.then(
              (leave) => void inside.push(leave),
              () => {},
            ),
          );
        }
        if (what === 'leave') inside.shift()?.();
        if (what === 'abort') controllers.pop()?.abort(new Error('gone'));
        await Promise.resolve();
        expect(admission.inFlight).toBeLessThanOrEqual(2);
        expect(admission.waiting).toBeLessThanOrEqual(3);
      }
      for (const controller of controllers) controller.abort(new Error('gone'));
      await Promise.all(entering);
      for (const leave of inside) leave();
      expect([admission.inFlight, admission.waiting]).toEqual([0, 0]);
    }),
    { numRuns: 100 },
  );
});

test('over ten thousand principals use bounded memory, and busy ones are not forgotten', async () => {
  const perPrincipal = { perSecond: 1, burst: 1, maxInFlight: 1 };
  const admission = createAdmission({ ...LIMITS, maxInFlight: 9, perPrincipal }, () => 0);
  await admission.admit(principal('busy'), call());
  for (let n = 0; n < 10_100; n += 1) (await admission.admit(principal(`p${n}`), call()))();
  await expect(admission.admit(principal('busy'), call())).rejects.toEqual(limited);
  await expect(admission.admit(principal('p10099'), call())).rejects.toEqual(limited);
  // It was forgotten, so its bucket is new.
  await admission.admit(principal('p0'), call());
});

test('a principal over its rate is not forgotten while another one is at rest', async () => {
  const perPrincipal = { perSecond: 1, burst: 1, maxInFlight: 1 };
  let now = 0;
  const admission = createAdmission({ ...LIMITS, perPrincipal }, () => now);
  const pass = async (id: string) => (await admission.admit(principal(id), call()))();
  for (let n = 0; n < 10_000; n += 1) await pass(`p${n}`);
  now = 1000;
  await pass('p0');
  await pass('new');
  await expect(pass('p0')).rejects.toEqual(limited);
});

test('a principal too many costs little, also while all others are over their rate', async () => {
  const perPrincipal = { perSecond: 0.01, burst: 1, maxInFlight: 1 };
  const { admit } = createAtOnce({ ...LIMITS, perPrincipal }, () => 0);
  const pass = async (n: number) => (await admit(principal(`p${n}`), call()))();
  for (let n = 0; n < 10_000; n += 1) await pass(n);
  const before = process.cpuUsage();
  for (let n = 10_000; n < 15_000; n += 1) await pass(n);
  // A tenth of that where only some of the others are looked at, and twice as much where all are.
  expect(process.cpuUsage(before).user).toBeLessThan(450_000);
});
