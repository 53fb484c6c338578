export interface BucketLimits {
  /** 0 means no limit. */
  readonly perSecond: number;
  /** How many may come at once after a pause. */
  readonly burst: number;
}

export interface TokenBucket {
  /** Takes one token and returns 0, or takes none and returns the milliseconds until there is one. */
  take(nowMs: number): number;
  /** Puts back a token that was taken in vain. */
  giveBack(): void;
  isFull(nowMs: number): boolean;
}

/** Refills steadily; a clock that steps back adds nothing and takes nothing. */
export function createTokenBucket({ perSecond, burst }: BucketLimits): TokenBucket {
  const perMs = perSecond / 1000;
  const capacity = Math.max(1, burst);
  let tokens = capacity;
  let refilledAt = Number.NEGATIVE_INFINITY;

  const refill = (nowMs: number): void => {
    if (nowMs <= refilledAt) return;
    tokens = Math.min(capacity, tokens + (nowMs - refilledAt) * perMs);
    refilledAt = nowMs;
  };

  return {
    take(nowMs) {
      if (perSecond === 0) return 0;
      refill(nowMs);
      if (tokens < 1) return Math.ceil((1 - tokens) / perMs);
      tokens -= 1;
      return 0;
    },
    giveBack() {
      tokens = Math.min(capacity, tokens + 1);
    },
    isFull(nowMs) {
      if (perSecond === 0) return true;
      refill(nowMs);
      return tokens === capacity;
    },
  };
}
