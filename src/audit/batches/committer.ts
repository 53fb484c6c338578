import type { AuditCause } from '../../audit-causes.ts';
import type { Body } from '../entries/body.ts';
import type { Report } from '../messages.ts';
import { abandon, check, suspend } from './give-up.ts';
import { flushIfFree, submit, submitNow } from './send.ts';
import { settle, unavailable } from './settle.ts';
import { begin, type CommitterOptions, type State, type Waiter } from './state.ts';

/** The callers' side of the log: entries in, promises of durability out, batches in between. */
export interface Committer {
  submit(body: Body, waiter: Waiter): void;
  /** Blocks until the entry is durable; for the last words of a process. */
  submitNow(body: Body, timeoutMs: number): boolean;
  take(report: Report): void;
  /** Gives up what has waited too long. To be called regularly. */
  check(): void;
  /** The log's thread is gone: what was on its way may or may not be in the log. */
  abandon(code: AuditCause, message: string): void;
  /** Entries that are neither durable nor given up. */
  queued(): number;
  /** Resolves when nothing is on its way. */
  drained(): Promise<void>;
}

export function createCommitter(options: CommitterOptions): Committer {
  const state = begin(options);
  return {
    submit: (body, waiter) => submit(state, body, waiter),
    submitNow: (body, timeoutMs) => submitNow(state, body, timeoutMs),
    take: (report) => take(state, report),
    check: () => check(state),
    abandon: (code, message) => abandon(state, code, message),
    queued: () => state.queued,
    drained: () =>
      state.queued === 0 ? Promise.resolve() : new Promise((done) => state.idle.push(done)),
  };
}

function take(state: State, report: Report): void {
  if (report.type === 'done') {
    const first = state.sent[0];
    if (first) state.onCommit(state.monotonic() - first.sentAt);
    settle(state, report.id, (waiter) => waiter.kept(report.seq));
    flushIfFree(state);
  } else if (report.type === 'fault') {
    settle(state, report.id, (waiter) => waiter.refused(unavailable(report.code), true));
    suspend(state, report.code, report.message);
  } else if (report.type === 'well' && state.suspended !== '') {
    state.suspended = '';
    state.onResume(report.open);
  }
}
