import { setTimeout as sleepFor } from 'node:timers/promises';
import type { Kms } from '../port.ts';
import { type Breaker, createBreaker } from './breaker.ts';
import { createGuard, type GuardOptions, type Places } from './guard.ts';
import { createInFlightLimit } from './in-flight-limit.ts';
import { createRetryBudget } from './retry-budget.ts';

interface KmsLimits {
  readonly maxInFlight: number;
  /** Second tries as a share of the calls. */
  readonly retryRatio: number;
}

export interface KmsGuardParts extends Pick<GuardOptions, 'keyTokens' | 'now'> {
  /** Rejects with KmsFault. */
  readonly kms: Kms;
  readonly limits: KmsLimits;
  /** Makes the places, given how many there are at the moment. */
  readonly createPlaces: (current: () => number) => Places;
  readonly onBreaker: (state: Breaker['state']) => void;
  readonly random: () => number;
  /** Rejects with the signal's reason; a simulation passes its own. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Milliseconds before a second try: this, and up to as much again. */
const PAUSE_MS = 25;

/** The guard with the limits that the proxy runs with. */
export function guardKms(options: KmsGuardParts): Kms {
  const { limits, random, createPlaces, onBreaker, sleep = sleepUnlessAborted, ...parts } = options;
  const inFlightLimit = createInFlightLimit(limits.maxInFlight);
  return createGuard({
    ...parts,
    inFlightLimit,
    places: createPlaces(inFlightLimit.current),
    breaker: createBreaker(onBreaker),
    budget: createRetryBudget(limits.retryRatio),
    pause: (signal) => sleep(PAUSE_MS * (1 + random()), signal),
  });
}

/** A caller that is aborted meanwhile leaves with the reason of its signal. */
function sleepUnlessAborted(ms: number, signal: AbortSignal): Promise<void> {
  return sleepFor(ms, undefined, { signal }).catch(() => {
    throw signal.reason;
  });
}
