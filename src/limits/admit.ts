import type { Call, Principal } from '../call.ts';
import { limited } from '../errors.ts';
import { createGate, type GateLimits } from './gate.ts';
import { createPrincipals, type Usage } from './principals.ts';
import { type BucketLimits, createTokenBucket } from './token-bucket.ts';

export interface AdmitLimits extends Omit<GateLimits, 'maxInFlight'> {
  readonly maxInFlight: number;
  /** For all callers together: the KMS quota belongs to the whole account. */
  readonly all: BucketLimits;
  readonly perPrincipal: BucketLimits & { readonly maxInFlight: number };
}

export interface Admission {
  /** Returns a function that gives the place back, to be called exactly once. @throws Refusal LIMITED */
  admit(principal: Principal, call: Pick<Call, 'signal'>): Leave | Promise<Leave>;
  readonly inFlight: number;
  readonly waiting: number;
}

type Leave = () => void;

/** The limits that a call must pass before any work is done for it. `now` is a monotonic clock in ms. */
export function createAdmission(limits: AdmitLimits, now: () => number): Admission {
  const gate = createGate({ ...limits, maxInFlight: () => limits.maxInFlight });
  const all = createTokenBucket(limits.all);
  const principals = createPrincipals({ limits: limits.perPrincipal, leave: gate.leave });

  return {
    admit(principal, { signal }) {
      const at = now();
      const own = principals.of(principal, at);
      if (own.inFlight >= limits.perPrincipal.maxInFlight) throw limited('in flight', 0);
      const ownWait = own.bucket.take(at);
      if (ownWait > 0) throw limited('a second for this principal', ownWait);
      const allWait = all.take(at);
      if (allWait > 0) {
        own.bucket.giveBack();
        throw limited('a second', allWait);
      }
      own.inFlight += 1;
      return gate.tryEnter() ? own.leave : waitFor(own, signal);
    },
    get inFlight() {
      return gate.inFlight;
    },
    get waiting() {
      return gate.waiting;
    },
  };

  async function waitFor(own: Usage, signal: AbortSignal): Promise<Leave> {
    try {
      const how = await gate.wait(signal);
      if (how === 'entered') return own.leave;
      throw limited('in flight', limits.maxWaitMs);
    } catch (thrown) {
      own.inFlight -= 1;
      throw thrown;
    }
  }
}
