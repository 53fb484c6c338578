import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { KmsAnswer } from '../../../src/call.ts';
import { Refusal } from '../../../src/errors.ts';
import { guardKms, type KmsGuardParts } from '../../../src/kms/guard/guard.ts';
import type { Kms, KmsFault } from '../../../src/kms/port.ts';
import { toKmsRequest } from '../../../src/kms/request.ts';
import { createGate } from '../../../src/limits/gate.ts';
import { createKeyedBuckets } from '../../../src/limits/keyed-buckets.ts';
import { ANSWER, DENIED, DOWN, RESET, THROTTLED } from '../answers.ts';
import { aPermit, SOURCE_ARN, side } from '../permits.ts';

/** Answers or throws what `next` gives, and counts the requests. */
function outside(next: (n: number, signal: AbortSignal) => KmsAnswer | Error | Promise<KmsAnswer>) {
  let asked = 0;
  const answer = async (signal: AbortSignal): Promise<KmsAnswer> => {
    asked += 1;
    const given = await next(asked, signal);
    if (given instanceof Error) throw given;
    return given;
  };
  const no = async (): Promise<never> => {
    throw DENIED;
  };
  const kms: Kms = {
    reEncrypt: ({ signal }) => answer(signal),
    describeKey: no,
    listAliases: no,
    listResourceTags: no,
    getPublicKey: no,
    sign: no,
    close: async () => {},
  };
  return { kms, asked: () => asked };
}

function guarded(kms: Kms, parts: Partial<KmsGuardParts> = {}) {
  const clock = { now: 7_000 };
  const states: string[] = [];
  const guard = guardKms({
    kms,
    limits: { maxInFlight: 16, retryRatio: 0.1 },
    createPlaces: (maxInFlight) => createGate({ maxInFlight, maxQueue: 2, maxWaitMs: 1000 }),
    keyTokens: { take: () => 0, giveBack() {} },
    onBreaker: (state) => states.push(state),
    random: () => 0,
    now: () => clock.now,
    ...parts,
  });
  const ask = (signal = new AbortController().signal): Promise<KmsAnswer> =>
    guard.reEncrypt(toKmsRequest(aPermit({ call: { signal } }), 'resolved'));
  return { guard, ask, clock, states };
}

const reasonOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'OK',
    (thrown: unknown) => (thrown instanceof Refusal ? thrown.reason : (thrown as KmsFault).code),
  );

describe('a retry', () => {
  test.each([
    ['a reset connection', RESET],
    ['a failing KMS', DOWN],
  ])('is made once after %s, and the answer counts it', async (_, fault) => {
    const { kms, asked } = outside((n) => (n === 1 ? fault : ANSWER));
    expect(await guarded(kms).ask()).toEqual({ ...ANSWER, attempts: 2 });
    expect(asked()).toBe(2);
  });

  test('is not made for a refusal of KMS, nor for a caller that has left', async () => {
    const denied = outside(() => DENIED);
    expect(await reasonOf(guarded(denied.kms).ask())).toBe('AccessDeniedException');
    const gone = new AbortController();
    const reset = outside(() => {
      gone.abort(new Refusal('CANCELLED'));
      return RESET;
    });
    expect(await reasonOf(guarded(reset.kms).ask(gone.signal))).toBe('ECONNRESET');
    expect([denied.asked(), reset.asked()]).toEqual([1, 1]);
  });

  test('that is still waiting ends with the caller’s reason when the caller leaves', async () => {
    const gone = new AbortController();
    const { kms } = outside(() => {
      setTimeout(() => gone.abort(new Refusal('DEADLINE_EXCEEDED')), 5);
      return DOWN;
    });
    expect(await reasonOf(guarded(kms).ask(gone.signal))).toBe('DEADLINE_EXCEEDED');
  });

  test('of a throttled call is made only once KMS has answered another call', async () => {
    const pauses: (() => void)[] = [];
    const sleep = () => new Promise<void>((resolve) => void pauses.push(resolve));
    const { kms, asked } = outside((n) => (n === 1 || n === 3 ? THROTTLED : ANSWER));
    const { ask } = guarded(kms, { sleep });
    const first = ask();
    await expect.poll(() => pauses).toHaveLength(1);
    await ask();
    const alone = reasonOf(ask());
    await expect.poll(() => pauses).toHaveLength(2);
    pauses[1]?.();
    expect(await alone).toBe('ThrottlingException');
    pauses[0]?.();
    expect(await first).toEqual({ ...ANSWER, attempts: 2 });
    expect(asked()).toBe(4);
  });

  test('waits 25 to 50 ms', async () => {
    const waits: number[] = [];
    const sleep = async (ms: number) => void waits.push(ms);
    for (const random of [() => 0, () => 0.5]) {
      const { kms } = outside((n) => (n === 1 ? RESET : ANSWER));
      await guarded(kms, { sleep, random }).ask();
    }
    expect(waits).toEqual([25, 37.5]);
  });

  test('is never made with a ratio of 0', async () => {
    const { kms, asked } = outside(() => RESET);
    const { ask } = guarded(kms, { limits: { maxInFlight: 16, retryRatio: 0 } });
    expect(await reasonOf(ask())).toBe('ECONNRESET');
    expect(asked()).toBe(1);
  });

  test('spends what is saved; ten calls without one save one more', async () => {
    const faults: Error[] = [];
    const { ask } = guarded(outside(() => faults.shift() ?? ANSWER).kms, { sleep: async () => {} });
    const troubled = () => {
      faults.push(RESET);
      return reasonOf(ask());
    };
    const spent = [await troubled(), await troubled(), await troubled()];
    expect(spent).toEqual(['OK', 'OK', 'ECONNRESET']);
    for (let n = 0; n < 10; n += 1) await ask();
    expect([await troubled(), await troubled()]).toEqual(['OK', 'ECONNRESET']);
  });

  test('leaves requests at no more than 1.2 times the calls when KMS throttles some', async () => {
    const { kms, asked } = outside((n) => (n % 2 === 0 ? ANSWER : THROTTLED));
    const { ask } = guarded(kms, {
      createPlaces: () => createGate({ maxInFlight: () => 999, maxQueue: 0, maxWaitMs: 0 }),
      // Other calls are answered meanwhile.
      sleep: async () => {
        for (let turn = 0; turn < 3; turn += 1) await setImmediate();
      },
    });
    const ends: Promise<unknown>[] = [];
    for (let n = 0; n < 300; n += 1) {
      ends.push(reasonOf(ask()));
      await setImmediate();
    }
    await Promise.all(ends);
    expect(asked() / 300).toBeLessThanOrEqual(1.2);
    expect(asked()).toBeGreaterThan(300);
  });
});

describe('the in-flight limit', () => {
  test('refuses calls beyond places and queue in under 5 ms', async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { kms, asked } = outside(() => held.then(() => ANSWER));
    const { ask } = guarded(kms, { limits: { maxInFlight: 2, retryRatio: 0 } });
    const calls = Array.from({ length: 4 }, () => reasonOf(ask()));
    const times: number[] = [];
    for (let n = 0; n < 10; n += 1) {
      const started = performance.now();
      expect(await reasonOf(ask())).toBe('LIMITED');
      times.push(performance.now() - started);
    }
    // On a busy machine another process may run in between.
    expect(Math.min(...times)).toBeLessThan(5);
    expect(asked()).toBe(2);
    release();
    expect(await Promise.all(calls)).toEqual(['OK', 'OK', 'OK', 'OK']);
  });

  test('shrinks while KMS throttles and grows again afterwards', async () => {
    let throttles = true;
    let inFlight = 0;
    let most = 0;
    const { kms } = outside(async () => {
      inFlight += 1;
      most = Math.max(most, inFlight);
      await new Promise((resolve) => setTimeout(resolve, 1));
      inFlight -= 1;
      if (throttles) throw THROTTLED;
      return ANSWER;
    });
    const places = (maxInFlight: () => number) =>
      createGate({ maxInFlight, maxQueue: 64, maxWaitMs: 1000 });
    const { ask, clock } = guarded(kms, {
      limits: { maxInFlight: 32, retryRatio: 0 },
      createPlaces: places,
    });
    const burst = () => Promise.all(Array.from({ length: 32 }, () => reasonOf(ask())));
    for (let round = 0; round < 8; round += 1) {
      clock.now += 200;
      await burst();
    }
    most = 0;
    await burst();
    expect(most).toBe(8);
    throttles = false;
    for (let round = 0; round < 30; round += 1) await burst();
    most = 0;
    await burst();
    expect(most).toBeGreaterThanOrEqual(31);
  });
});

test('throttled look-ups do not lower the in-flight limit of ReEncrypt', async () => {
  const { kms } = outside(async () => {
    await setImmediate();
    return ANSWER;
  });
  const describeKey = () => Promise.reject(THROTTLED);
  const { guard, ask, clock } = guarded({ ...kms, describeKey });
  const { signal } = new AbortController();
  for (let round = 0; round < 20; round += 1) {
    clock.now += 200;
    expect(await reasonOf(guard.describeKey('alias/none', signal))).toBe('ThrottlingException');
  }
  const calls = Array.from({ length: 16 }, () => reasonOf(ask()));
  expect(await Promise.all(calls)).toEqual(calls.map(() => 'OK'));
});

describe('the circuit breaker', () => {
  test('opens when half of twenty calls fail, then refuses at once, and lets one call probe', async () => {
    let down = true;
    const { kms, asked } = outside(() => (down ? DOWN : ANSWER));
    const { ask, clock, states } = guarded(kms, { limits: { maxInFlight: 9, retryRatio: 0 } });
    for (let n = 0; n < 20; n += 1) await reasonOf(ask());
    expect(states).toEqual(['open']);
    const before = asked();
    await expect(ask()).rejects.toMatchObject({ reason: 'KMS_UNAVAILABLE', retryAfterMs: 500 });
    expect(asked()).toBe(before);
    clock.now += 500;
    expect(await Promise.all([reasonOf(ask()), reasonOf(ask())])).toEqual([
      'KMSInternalException',
      'KMS_UNAVAILABLE',
    ]);
    expect(asked()).toBe(before + 1);
    clock.now += 999;
    expect(await reasonOf(ask())).toBe('KMS_UNAVAILABLE');
    clock.now += 1;
    down = false;
    expect(await reasonOf(ask())).toBe('OK');
    expect(await reasonOf(ask())).toBe('OK');
    expect(states).toEqual(['open', 'half_open', 'open', 'half_open', 'closed']);
  });

  test('refuses look-ups too while it is open, and asks KMS for none', async () => {
    const { kms } = outside(() => DOWN);
    let looked = 0;
    const describeKey = () => {
      looked += 1;
      return Promise.reject(DENIED);
    };
    const { guard, ask } = guarded(
      { ...kms, describeKey },
      { limits: { maxInFlight: 9, retryRatio: 0 } },
    );
    for (let n = 0; n < 20; n += 1) await reasonOf(ask());
    const { signal } = new AbortController();
    expect(await reasonOf(guard.describeKey(SOURCE_ARN, signal))).toBe('KMS_UNAVAILABLE');
    expect(looked).toBe(0);
  });

  test('does not open for throttling, refusals, or callers that leave early', async () => {
    for (const fault of [
      THROTTLED,
      DENIED,
      new Refusal('CANCELLED'),
      new Refusal('DEADLINE_EXCEEDED'),
    ]) {
      const { ask, states } = guarded(outside(() => fault).kms);
      for (let n = 0; n < 60; n += 1) await reasonOf(ask());
      expect(states).toEqual([]);
    }
  });

  test.each([
    [2000, ['open']],
    [1999, []],
  ])(
    'after calls that KMS leaves unanswered for %i ms, has the states %j',
    async (tookMs, states) => {
      let expire = (): void => {};
      const expired = new Promise<never>((_, reject) => {
        expire = () => reject(new Refusal('DEADLINE_EXCEEDED'));
      });
      const { ask, clock, ...seen } = guarded(outside(() => expired).kms, {
        limits: { maxInFlight: 30, retryRatio: 0 },
      });
      const calls = Array.from({ length: 30 }, () => reasonOf(ask()));
      clock.now += tookMs;
      expire();
      expect(new Set(await Promise.all(calls))).toEqual(new Set(['DEADLINE_EXCEEDED']));
      expect(seen.states).toEqual(states);
    },
  );

  test.each([
    ['refuses', DENIED],
    ['throttles', THROTTLED],
  ])('is closed by a probe that KMS %s: it answers again', async (_, fault) => {
    let down = true;
    const { kms } = outside(() => (down ? DOWN : fault));
    const { ask, clock, states } = guarded(kms, { limits: { maxInFlight: 9, retryRatio: 0 } });
    for (let n = 0; n < 20; n += 1) await reasonOf(ask());
    clock.now += 500;
    down = false;
    await reasonOf(ask());
    expect(states).toEqual(['open', 'half_open', 'closed']);
  });

  test('is neither closed nor held open by a probe whose caller left', async () => {
    let what: 'down' | 'gone' | 'up' = 'down';
    const { kms } = outside(() =>
      what === 'up' ? ANSWER : what === 'gone' ? new Refusal('CANCELLED') : DOWN,
    );
    const { ask, clock, states } = guarded(kms, { limits: { maxInFlight: 9, retryRatio: 0 } });
    for (let n = 0; n < 20; n += 1) await reasonOf(ask());
    clock.now += 500;
    what = 'gone';
    await reasonOf(ask());
    expect(states).toEqual(['open', 'half_open']);
    what = 'up';
    clock.now += 500;
    expect(await reasonOf(ask())).toBe('OK');
  });
});

test('a call for a key over its rate is refused with its side; other keys are unaffected', async () => {
  const buckets = createKeyedBuckets({ perSecond: 1, burst: 1 });
  const { kms } = outside(() => ANSWER);
  const { ask, guard } = guarded(kms, { keyTokens: buckets });
  await ask();
  await expect(ask()).rejects.toMatchObject({
    reason: 'LIMITED',
    message: 'The proxy limits requests: too many a second for the source key.',
    side: 'source',
    retryAfterMs: 1000,
  });
  const others = aPermit({
    sourceFacts: { keyArn: 'other' },
    destinationFacts: { keyArn: 'else' },
  });
  expect(await guard.reEncrypt(toKmsRequest(others, 'resolved'))).toEqual(ANSWER);
});

test('calls that name no source key share one rate, and are told so', async () => {
  const { kms } = outside(() => ANSWER);
  const { guard } = guarded(kms, { keyTokens: createKeyedBuckets({ perSecond: 1, burst: 1 }) });
  const to = (keyArn: string) => {
    const permit = aPermit({ sourceFacts: { keyArn: '' }, destinationFacts: { keyArn } });
    return guard.reEncrypt(toKmsRequest(permit, 'resolved'));
  };
  await to('one');
  await expect(to('two')).rejects.toMatchObject({
    reason: 'LIMITED',
    message: 'The proxy limits requests: too many a second that name no source key.',
  });
});

test('a key has one rate by whatever key ids it is sent', async () => {
  const { kms } = outside(() => ANSWER);
  const { guard } = guarded(kms, { keyTokens: createKeyedBuckets({ perSecond: 1, burst: 1 }) });
  const by = (keyId: string) =>
    guard.reEncrypt(toKmsRequest(aPermit({ source: side(keyId) }), 'requested'));
  await by('alias/app');
  await expect(by(SOURCE_ARN)).rejects.toMatchObject({ reason: 'LIMITED', side: 'source' });
});

test('a call for a destination key over its rate leaves the rate of its source key as it was', async () => {
  const { kms } = outside(() => ANSWER);
  const { guard } = guarded(kms, { keyTokens: createKeyedBuckets({ perSecond: 1, burst: 1 }) });
  const move = (from: string, to: string) => {
    const permit = aPermit({ sourceFacts: { keyArn: from }, destinationFacts: { keyArn: to } });
    return guard.reEncrypt(toKmsRequest(permit, 'resolved'));
  };
  await move('one', 'busy');
  await expect(move('two', 'busy')).rejects.toMatchObject({
    reason: 'LIMITED',
    side: 'destination',
  });
  expect(await move('two', 'three')).toEqual(ANSWER);
});
