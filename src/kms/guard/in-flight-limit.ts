/** How many requests may be with KMS at once: down by a quarter when it throttles, slowly up again. */
export interface InFlightLimit {
  current(): number;
  succeeded(): void;
  throttled(nowMs: number): void;
}

const LEAST = 8;
/** Throttling within this time of the last cut is news of the same overload. */
const ROUND_MS = 100;
const CUT = 0.75;

/** Additive increase, multiplicative decrease, as in Netflix's concurrency-limits. */
export function createInFlightLimit(most: number): InFlightLimit {
  const least = Math.min(LEAST, most);
  let limit = most;
  let cutAt = Number.NEGATIVE_INFINITY;

  return {
    current: () => Math.floor(limit),
    succeeded() {
      if (limit < most) limit = Math.min(most, limit + 1 / limit);
    },
    throttled(nowMs) {
      if (nowMs - cutAt < ROUND_MS) return;
      cutAt = nowMs;
      limit = Math.max(least, limit * CUT);
    },
  };
}
