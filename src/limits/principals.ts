import type { Principal, PrincipalKind } from '../call.ts';
import { type BucketLimits, createTokenBucket, type TokenBucket } from './token-bucket.ts';

/** What one principal has used up so far. */
export interface Usage {
  readonly bucket: TokenBucket;
  inFlight: number;
  /** Made once per principal, so that admitting a call allocates nothing. */
  readonly leave: () => void;
}

/** More principals than a sidecar ever meets; beyond that, an inactive one is dropped. */
const MOST = 10_000;

/** Each new principal beyond that pays for this many; looking through all of them held everyone up for 6 ms. */
const LOOKED_AT = 50;

export function createPrincipals(options: { limits: BucketLimits; leave: () => void }): {
  of(principal: Principal, nowMs: number): Usage;
} {
  const kinds = new Map<PrincipalKind, Map<string, Usage>>();

  return {
    of({ kind, id }, nowMs) {
      const known = kinds.get(kind) ?? new Map<string, Usage>();
      const before = known.get(id);
      if (before) return before;
      kinds.set(kind, known);
      if (known.size >= MOST) forgetOne(known, nowMs);
      const usage: Usage = {
        bucket: createTokenBucket(options.limits),
        inFlight: 0,
        leave() {
          usage.inFlight -= 1;
          options.leave();
        },
      };
      known.set(id, usage);
      return usage;
    },
  };
}

/**
 * Forgets the first of the oldest whose bucket is full again; if there is none, the first without calls in flight. Those
 * that stay are the newest from now on, so that others are looked at next time.
 */
function forgetOne(known: Map<string, Usage>, nowMs: number): void {
  let atRest: string | undefined;
  let looked = 0;
  for (const [id, usage] of known) {
    if (looked === LOOKED_AT) break;
    looked += 1;
    known.delete(id);
    if (usage.inFlight === 0) {
      if (usage.bucket.isFull(nowMs)) return;
      atRest ??= id;
    }
    known.set(id, usage);
  }
  if (atRest !== undefined) known.delete(atRest);
}
