import type { AuditCause } from '../../audit-causes.ts';
import type { Refusal } from '../../errors.ts';
import type { Body, Packed } from '../entries/body.ts';
import type { Order } from '../messages.ts';

export interface CommitterOptions {
  readonly post: (order: Order) => void;
  readonly rounds: Int32Array;
  /** How long a batch may take before its entries are given up, in milliseconds. */
  readonly deadlineMs: number;
  /** Entries on their way at one time; more are refused, but for the ends of calls whose intent was taken. */
  readonly maxQueue: number;
  /** Milliseconds of a clock that never steps back. */
  readonly monotonic: () => number;
  /** Runs `work` after all that the calls of this turn of the event loop do at once. */
  readonly soon: (work: () => void) => void;
  /** Runs `work` once the event loop has read what there is to read. */
  readonly turn: (work: () => void) => void;
  /** A batch became durable, this many milliseconds after it was sent. */
  readonly onCommit: (ms: number) => void;
  /** An entry was refused because too many are on their way. */
  readonly onFull: () => void;
  readonly onSuspend: (code: AuditCause, message: string) => void;
  /** `open`: decision ids whose intent is in the log and whose outcome is not. */
  readonly onResume: (open: readonly string[]) => void;
}

/** Told what became of an entry. Not a promise: each layer of promises would cost as much as the entry. */
export interface Waiter {
  /** The entry is durable; `seq` is greater than its own. */
  kept(seq: number): void;
  /**
   * It is not in the log, or counts as if it were not: AUDIT_UNAVAILABLE. If it was `sent`, a
   * thread that died may still have written it.
   */
  refused(refusal: Refusal, sent: boolean): void;
}

interface Sent {
  readonly id: number;
  readonly sentAt: number;
  readonly waiters: readonly Waiter[];
  readonly packed: Packed;
}

export interface State extends CommitterOptions {
  sent: Sent[];
  bodies: Body[];
  waiters: Waiter[];
  queued: number;
  lastId: number;
  /** How many entries the last batch had. */
  lastCount: number;
  openRound: number;
  /** Why no entries are taken; '' while all is well. */
  suspended: AuditCause | '';
  scheduled: boolean;
  /** What waits to be sent is waiting for more. */
  gathering: boolean;
  idle: (() => void)[];
  /** A finished batch's, for reuse. Memory that a stuck thread may still read is never reused. */
  memory: SharedArrayBuffer | undefined;
}

export const begin = (options: CommitterOptions): State => ({
  ...options,
  ...{ sent: [], bodies: [], waiters: [], queued: 0, idle: [], memory: undefined },
  ...{ lastId: 0, lastCount: 0, openRound: 0, suspended: '', scheduled: false, gathering: false },
});
