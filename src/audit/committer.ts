import type { AuditCause } from '../audit-causes.ts';
import { Refusal } from '../errors.ts';
import { type Body, MOST_UNITS, markOf, type Packed, pack } from './entries/body.ts';
import type { Order, Report } from './messages.ts';
import { giveUp, startRound, waitFor } from './rounds.ts';
import { whenQuiet } from './when-quiet.ts';

interface CommitterOptions {
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

interface State extends CommitterOptions {
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

export function createCommitter(options: CommitterOptions): Committer {
  const state: State = {
    ...options,
    ...{ sent: [], bodies: [], waiters: [], queued: 0, idle: [], memory: undefined },
    ...{ lastId: 0, lastCount: 0, openRound: 0, suspended: '', scheduled: false, gathering: false },
  };
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

function submit(state: State, body: Body, waiter: Waiter): void {
  // Room was found for its intent: without its end, the log would leave the call open until the next start.
  const fits = state.queued < state.maxQueue || markOf(body) === '-';
  const full = fits ? '' : 'QUEUE_FULL';
  const code = state.suspended || full;
  if (code !== '') {
    if (code === full) state.onFull();
    waiter.refused(unavailable(code), false);
    return;
  }
  state.queued += 1;
  state.bodies.push(body);
  state.waiters.push(waiter);
  // Calls of one turn of the event loop travel together.
  if (!state.scheduled) state.soon(() => flushIfFree(state));
  state.scheduled = true;
}

/**
 * Only one batch is on its way at a time. Entries that come while it is synced wait here and become
 * the next one, with one sync for all; sent at once, they would wait just as long for the log's thread.
 */
function flushIfFree(state: State): void {
  state.scheduled = false;
  if (state.gathering || state.sent.length > 0 || state.bodies.length === 0) return;
  // After a lone entry another one is likely to be alone too, and would wait for nothing.
  if (state.lastCount > 1) gather(state);
  else flush(state);
}

/** Waits for the entries of calls that the event loop is still working on: a sync costs as much as a whole call. */
function gather(state: State): void {
  state.gathering = true;
  const send = () => {
    state.gathering = false;
    if (state.sent.length === 0) flush(state);
  };
  whenQuiet(() => state.bodies.length, send, state);
}

function submitNow(state: State, body: Body, timeoutMs: number): boolean {
  if (state.suspended !== '') return false;
  state.bodies.push(body);
  while (state.bodies.length > 0) flush(state);
  return waitFor(state.rounds, state.lastId, timeoutMs);
}

function flush(state: State): void {
  if (state.bodies.length === 0) return;
  const count = fitting(state.bodies);
  const bodies = state.bodies.splice(0, count);
  const waiters = state.waiters.splice(0, count);
  const id = state.lastId + 1;
  state.lastId = id;
  state.lastCount = count;
  const packed = pack(bodies, state.memory);
  state.memory = undefined;
  state.sent.push({ id, sentAt: state.monotonic(), waiters, packed });
  state.post({ type: 'batch', id, round: state.openRound, ...packed });
}

/** How many entries go into one batch. */
function fitting(bodies: readonly Body[]): number {
  let units = 0;
  const past = bodies.findIndex((body) => {
    units += body.length;
    return units > MOST_UNITS;
  });
  return past < 0 ? bodies.length : Math.max(1, past);
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

function settle(state: State, upTo: number, act: (waiter: Waiter) => void): void {
  let count = 0;
  for (const { id, waiters, packed } of state.sent) {
    if (id > upTo) break;
    count += 1;
    state.memory = packed.memory;
    state.queued -= waiters.length;
    for (const waiter of waiters) act(waiter);
  }
  state.sent.splice(0, count);
  rest(state);
}

function rest({ queued, idle }: State): void {
  if (queued > 0) return;
  for (const done of idle.splice(0)) done();
}

/** If the oldest batch has waited too long, the disk is stuck: its entries are given up for good. */
function check(state: State): void {
  const oldest = state.sent[0];
  if (!oldest || state.monotonic() - oldest.sentAt < state.deadlineMs) return;
  const committed = giveUp(state.rounds, state.openRound);
  if (committed === undefined) return;
  state.openRound += 1;
  const lost = state.sent.filter(({ id }) => id > committed);
  state.sent = state.sent.filter(({ id }) => id <= committed);
  // All of it is in the log and only the report is late. Do not suspend: the log's thread, which
  // dropped nothing, would never send the `well` that ends a suspension.
  if (lost.length === 0) return;
  for (const { waiters } of lost) drop(state, waiters, { code: 'DEADLINE', sent: true });
  suspend(state, 'DEADLINE', `the disk took longer than ${state.deadlineMs} ms`);
}

function abandon(state: State, code: AuditCause, message: string): void {
  state.openRound += 1;
  startRound(state.rounds, state.openRound);
  for (const { waiters } of state.sent.splice(0)) drop(state, waiters, { code, sent: true });
  suspend(state, code, message);
}

function suspend(state: State, code: AuditCause, message: string): void {
  const unsent = state.waiters;
  state.bodies = [];
  state.waiters = [];
  drop(state, unsent, { code, sent: false });
  if (state.suspended !== '') return;
  state.suspended = code;
  state.onSuspend(code, message);
}

interface Why {
  readonly code: AuditCause;
  readonly sent: boolean;
}

function drop(state: State, dropped: readonly Waiter[], { code, sent }: Why): void {
  state.queued -= dropped.length;
  for (const waiter of dropped) waiter.refused(unavailable(code), sent);
  rest(state);
}

function unavailable(code: AuditCause): Refusal {
  return new Refusal('AUDIT_UNAVAILABLE', { cause: code });
}
