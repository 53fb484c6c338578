import type {
  Arrival,
  Call,
  Decision,
  KmsAnswer,
  Phase,
  Principal,
  Progress,
  Resolved,
  ResolvedKeys,
} from './call.ts';
import type { Refusal } from './errors.ts';
import type { Permit } from './policy/permit.ts';

/**
 * What acts on a call, in the order in which it acts. A stage stops the call by throwing a Refusal.
 * One that has its result at once returns it bare, because awaiting a promise would slow every call.
 */
export interface Stages {
  identify(arrival: Arrival, signal: AbortSignal): Principal | Promise<Principal>;
  /** Limits per principal, before anything is spent on the call. The returned function frees the place. */
  admit(principal: Principal, call: Call): (() => void) | Promise<() => void>;
  /** Once there is an answer (result phase), the source key is the one that KMS reported. */
  resolve(progress: Progress): ResolvedKeys | Promise<ResolvedKeys>;
  decide(resolved: Resolved, phase: Phase): Decision;
  forward(permit: Permit): Promise<KmsAnswer>;
  /** Throws CONFIRM_MISMATCH unless the answer is complete and names the keys that were judged. */
  confirm(permit: Permit, answer: KmsAnswer): void;
  readonly record: Recorder;
  count(progress: Progress, refusal?: Refusal): void;
}

/** Promises resolve once the entry is durable and reject with AUDIT_UNAVAILABLE. */
export interface Recorder {
  intent(progress: Progress): Promise<void>;
  terminal(progress: Progress, refusal?: Refusal): Promise<void>;
  /** A refusal before identity or by a limit: counted into one entry per reason and second. */
  turnedAway(refusal: Refusal): void;
}
