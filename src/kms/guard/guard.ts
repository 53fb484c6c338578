import { setTimeout as sleepFor } from 'node:timers/promises';
import type { KmsAnswer } from '../../call.ts';
import { limited, Refusal } from '../../errors.ts';
import { faultToRefusal } from '../faults.ts';
import type { Kms } from '../port.ts';
import { type Breaker, createBreaker } from './breaker.ts';
import { createInFlightLimit, type InFlightLimit } from './in-flight-limit.ts';
import { type KeyTokens, takeKeyTokens } from './key-tokens.ts';
import { createRetryBudget, type RetryBudget } from './retry-budget.ts';

/** A bounded number of places with a queue before them; `limits/gate.ts` is one. */
export interface Places {
  tryEnter(): boolean;
  wait(signal: AbortSignal): Promise<'entered' | 'full' | 'timeout'>;
  leave(): void;
}

interface KmsLimits {
  readonly maxInFlight: number;
  /** Second tries as a share of the calls. */
  readonly retryRatio: number;
}

export interface KmsGuardParts {
  /** Rejects with KmsFault, or with the signal's reason. */
  readonly kms: Kms;
  readonly limits: KmsLimits;
  readonly keyTokens: KeyTokens;
  /** Makes the places, given how many there are at the moment. */
  readonly createPlaces: (current: () => number) => Places;
  readonly onBreaker: (state: Breaker['state']) => void;
  /** Monotonic, in milliseconds. */
  readonly now: () => number;
  readonly random: () => number;
  /** Rejects with the signal's reason; a simulation passes its own. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Milliseconds before a second try: this, and up to as much again. */
const PAUSE_MS = 25;

/** A KMS that took this long and was not done is taken for one that hangs. */
const HANGS_MS = 2000;

/**
 * Keeps a KMS in trouble from being asked more than it can bear, and the proxy from waiting for it:
 * a circuit breaker, an in-flight limit that follows throttling, and second tries within a budget,
 * which are the only ones, since the SDK's own are off.
 */
export function guardKms(options: KmsGuardParts): Kms {
  const { kms, limits, keyTokens, now, random, sleep = sleepUnlessAborted } = options;
  const inFlightLimit = createInFlightLimit(limits.maxInFlight);
  const places = options.createPlaces(inFlightLimit.current);
  const breaker = createBreaker(options.onBreaker);
  const budget = createRetryBudget(limits.retryRatio);
  const pause = (signal: AbortSignal) => sleep(PAUSE_MS * (1 + random()), signal);
  const attempt = createAttempts({ breaker, budget, inFlightLimit, now, pause });
  // Counts its own answers and sets no limit: KMS has other quotas for look-ups, which say nothing of
  // ReEncrypt, and whoever asks for keys that do not exist must not slow down those who may use theirs.
  const attemptLook = createAttempts({ breaker, budget, now, pause });

  return {
    async reEncrypt(request) {
      const { signal } = request;
      const nowMs = now();
      refuseWhileOpen(breaker, nowMs);
      takeKeyTokens(keyTokens, request.judged, nowMs);
      if (!places.tryEnter()) await queueFor(places, signal);
      try {
        return await attempt(() => kms.reEncrypt(request), signal, countSecondTry);
      } finally {
        places.leave();
      }
    },
    describeKey: (keyId, signal) => look(() => kms.describeKey(keyId, signal), signal),
    listAliases: (keyArn, signal) => look(() => kms.listAliases(keyArn, signal), signal),
    listResourceTags: (keyArn, signal) => look(() => kms.listResourceTags(keyArn, signal), signal),
    getPublicKey: (keyId, signal) => look(() => kms.getPublicKey(keyId, signal), signal),
    sign: (request) => look(() => kms.sign(request), request.signal),
    close: () => kms.close(),
  };

  async function look<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
    refuseWhileOpen(breaker, now());
    return attemptLook(ask, signal, (result) => result);
  }
}

interface AttemptOptions {
  readonly breaker: Breaker;
  readonly budget: RetryBudget;
  readonly inFlightLimit?: InFlightLimit;
  readonly now: () => number;
  /** Resolves after about the time to wait before a second try; rejects with the signal's reason. */
  readonly pause: (signal: AbortSignal) => Promise<void>;
}

const countSecondTry = (answer: KmsAnswer): KmsAnswer => ({
  ...answer,
  attempts: answer.attempts + 1,
});

/**
 * A throttled call is tried again only where KMS has answered another one meanwhile: a KMS that
 * throttles everything gets each call once, however few they are.
 */
function createAttempts({ breaker, budget, inFlightLimit, now, pause }: AttemptOptions) {
  let answered = 0;

  return async <T>(
    ask: () => Promise<T>,
    signal: AbortSignal,
    ofSecondTry: (result: T) => T,
  ): Promise<T> => {
    budget.deposit();
    try {
      return await once(ask);
    } catch (thrown) {
      const trouble = troubleOf(thrown, 0);
      const helps = trouble === 'throttled' || trouble === 'unavailable';
      if (!helps || signal.aborted || !budget.take()) throw thrown;
      const before = answered;
      await pause(signal);
      if (trouble === 'throttled' && answered === before) throw thrown;
    }
    refuseWhileOpen(breaker, now());
    return ofSecondTry(await once(ask));
  };

  function once<T>(ask: () => Promise<T>): Promise<T> {
    const started = now();
    return ask().then(
      (result) => {
        answered += 1;
        breaker.succeeded(now());
        inFlightLimit?.succeeded();
        return result;
      },
      (thrown) => {
        note(troubleOf(thrown, now() - started));
        throw thrown;
      },
    );
  }

  function note(trouble: Trouble): void {
    if (trouble === 'throttled') inFlightLimit?.throttled(now());
    if (trouble === 'unavailable') breaker.failed(now());
    else if (trouble !== 'unknown') breaker.succeeded(now());
  }
}

type Trouble = 'none' | 'throttled' | 'unavailable' | 'unknown';

/** What a failure says of KMS itself. `unknown`: the caller went before KMS could show anything. */
function troubleOf(thrown: unknown, tookMs: number): Trouble {
  const { reason } = faultToRefusal(thrown);
  if (reason === 'KMS_THROTTLED') return 'throttled';
  if (reason === 'KMS_UNAVAILABLE' || reason === 'KMS_UNREACHABLE') return 'unavailable';
  if (reason === 'CANCELLED' || reason === 'DEADLINE_EXCEEDED') {
    // A caller's own short deadline must not open the breaker for everyone.
    return tookMs >= HANGS_MS ? 'unavailable' : 'unknown';
  }
  return 'none';
}

function refuseWhileOpen(breaker: Breaker, nowMs: number): void {
  const waitMs = breaker.enter(nowMs);
  if (waitMs === 0) return;
  throw new Refusal('KMS_UNAVAILABLE', {
    sentence: 'KMS has failed too often; the proxy waits before it asks again.',
    retryAfterMs: Math.ceil(waitMs),
  });
}

async function queueFor(places: Places, signal: AbortSignal): Promise<void> {
  const how = await places.wait(signal);
  if (how === 'entered') return;
  throw limited('are waiting for KMS', 1000);
}

/** A caller that is aborted meanwhile leaves with the reason of its signal. */
function sleepUnlessAborted(ms: number, signal: AbortSignal): Promise<void> {
  return sleepFor(ms, undefined, { signal }).catch(() => {
    throw signal.reason;
  });
}
