import { Refusal } from '../errors.ts';
import type { Body } from './body.ts';
import type { Order, Report } from './messages.ts';
import { giveUp } from './turn.ts';

export interface CommitterOptions {
  readonly post: (order: Order) => void;
  readonly turn: Int32Array;
  /** How long a batch may take before its entries are given up, in milliseconds. */
  readonly deadlineMs: number;
  /** Entries on their way at one time; more are refused. */
  readonly maxQueue: number;
  /** Milliseconds of a clock that never steps back. */
  readonly monotonic: () => number;
  readonly onSuspend: (code: string, message: string) => void;
  /** Decision ids that the log holds an intent of and no outcome. */
  readonly onResume: (open: readonly string[]) => void;
}

/** The callers' side of the log: entries in, promises of durability out, batches in between. */
export interface Committer {
  /** Resolves once the entry is durable. @throws Refusal AUDIT_UNAVAILABLE */
  submit(body: Body): Promise<void>;
  take(report: Report): void;
  /** The log's thread is gone: what was on its way may be in the log or not, and nothing is taken until `well`. */
  abandon(code: string, message: string): void;
  /** Entries that are neither durable nor given up. */
  queued(): number;
  /** Resolves when nothing is on its way. */
  drained(): Promise<void>;
  close(): void;
}

interface Waiter {
  resolve(): void;
  reject(refusal: Refusal): void;
}

interface Batch {
  readonly id: number;
  readonly sentAt: number;
  readonly waiters: readonly Waiter[];
}

const CHECK_MS = 50;

export function createCommitter(options: CommitterOptions): Committer {
  const { post, turn: shared, deadlineMs, maxQueue, monotonic } = options;
  const sent: Batch[] = [];
  let bodies: Body[] = [];
  let waiters: Waiter[] = [];
  let queued = 0;
  let lastId = 0;
  let turn = 0;
  /** Why nothing is taken, '' while all is well. */
  let suspended = '';
  let scheduled = false;
  const idle: (() => void)[] = [];
  const checker = setInterval(check, CHECK_MS).unref();

  return {
    submit,
    take,
    abandon,
    queued: () => queued,
    drained: () => (queued === 0 ? Promise.resolve() : new Promise((done) => idle.push(done))),
    close: () => clearInterval(checker),
  };

  function submit(body: Body): Promise<void> {
    if (suspended !== '' || queued >= maxQueue) return Promise.reject(unavailable(suspended));
    queued += 1;
    return new Promise((resolve, reject) => {
      bodies.push(body);
      waiters.push({ resolve, reject });
      // Calls of one turn of the event loop travel together.
      if (!scheduled) setImmediate(flush);
      scheduled = true;
    });
  }

  function flush(): void {
    scheduled = false;
    if (bodies.length === 0) return;
    lastId += 1;
    sent.push({ id: lastId, sentAt: monotonic(), waiters });
    post({ type: 'batch', id: lastId, turn, bodies });
    bodies = [];
    waiters = [];
  }

  function take(report: Report): void {
    if (report.type === 'done') settle(report.id, (waiter) => waiter.resolve());
    else if (report.type === 'fault') {
      settle(report.id, (waiter) => waiter.reject(unavailable(report.code)));
      suspend(report.code, report.message);
    } else if (report.type === 'well') resume(report.open);
  }

  function settle(upTo: number, act: (waiter: Waiter) => void): void {
    while (sent[0] && sent[0].id <= upTo) {
      const batch = sent.shift();
      queued -= batch?.waiters.length ?? 0;
      batch?.waiters.forEach(act);
    }
    if (queued === 0) {
      for (const done of idle.splice(0)) done();
    }
  }

  /** The disk is stuck where the oldest batch has waited too long: its entries are given up, for good. */
  function check(): void {
    const oldest = sent[0];
    if (!oldest || monotonic() - oldest.sentAt < deadlineMs) return;
    const committed = giveUp(shared, turn);
    if (committed === undefined) return;
    turn += 1;
    const kept = sent.filter(({ id }) => id <= committed);
    const lost = sent.splice(kept.length);
    for (const batch of lost) drop(batch.waiters, 'DEADLINE');
    suspend('DEADLINE', `the audit log took longer than ${deadlineMs} ms`);
  }

  function abandon(code: string, message: string): void {
    turn += 1;
    Atomics.store(shared, 0, turn * 2);
    for (const batch of sent.splice(0)) drop(batch.waiters, code);
    suspend(code, message);
  }

  function drop(dropped: readonly Waiter[], code: string): void {
    queued -= dropped.length;
    for (const waiter of dropped) waiter.reject(unavailable(code));
  }

  function suspend(code: string, message: string): void {
    const unsent = waiters;
    bodies = [];
    waiters = [];
    drop(unsent, code);
    if (suspended !== '') return;
    suspended = code;
    options.onSuspend(code, message);
  }

  function resume(open: readonly string[]): void {
    if (suspended === '') return;
    suspended = '';
    options.onResume(open);
  }
}

/** Retrying at once would only add to the queue, so that the caller is told to wait. */
function unavailable(code: string): Refusal {
  return new Refusal('AUDIT_UNAVAILABLE', { cause: code });
}
