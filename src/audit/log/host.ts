import { claimRound, isOpen, releaseRound } from '../batches/rounds.ts';
import type { Packed } from '../entries/body.ts';
import type { Order, Report } from '../messages.ts';
import { type Checkpointer, createCheckpointer } from './checkpoint.ts';
import type { Disk } from './disk.ts';
import { isFull, LogFault, PutOff, toLogFault } from './fault.ts';
import { createLog, type Log } from './log.ts';
import { readCheckpoint } from './read-checkpoint.ts';
import { createRetention } from './retain.ts';
import type { Signer } from './signer.ts';
import type { HostSettings } from './state.ts';

interface HostOptions {
  readonly settings: HostSettings;
  readonly disk: Disk;
  readonly signer: Signer;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly rounds: Int32Array;
  readonly tell: (report: Report) => void;
  /** Runs `work` once, after so many milliseconds. */
  readonly later: (ms: number, work: () => void) => void;
}

export interface Host {
  take(order: Order): void;
}

interface HostState extends HostOptions {
  readonly log: Log;
  readonly checkpointer: Checkpointer;
  readonly retain: ReturnType<typeof createRetention>;
  ill: LogFault | undefined;
  closed: boolean;
  sealing: Promise<void> | undefined;
}

type Batch = Extract<Order, { type: 'batch' }>;

const TICK_MS = 250;
const HEAL_MS = 250;
const LATE_MS = 5_000;
const LATE = {
  type: 'put_off',
  code: 'UNSIGNED',
  message: `it was not written and signed within ${LATE_MS / 1_000} s`,
} as const;

/** Runs a log for someone on the other side of a message port: orders in, reports out. */
export function createHost(options: HostOptions): Host {
  const state = open(options);
  if (!state) return { take: () => options.tell({ type: 'closed', seq: 0 }) };
  options.tell({
    type: 'ready',
    open: [...state.log.open()],
    vkey: options.signer.vkey,
    seq: state.log.opening.chain.seq,
  });
  beat(state);
  return { take: (order) => take(state, order) };
}

function open(options: HostOptions): HostState | undefined {
  const { settings, disk, signer, now } = options;
  try {
    const claim = readCheckpoint(disk, settings.file);
    const log = createLog({ ...settings, disk, now, claim, vkey: signer.vkey });
    const checkpointer = createCheckpointer({
      ...{ disk, now, signer, log, file: settings.file, origin: settings.origin },
      everyEntries: settings.checkpointEntries,
      everyMs: settings.checkpointMs,
      publish: (note) => options.tell({ type: 'checkpoint', note }),
    });
    const retain = createRetention({ ...settings, disk, now, log, everyMs: TICK_MS });
    const fresh = { ill: undefined, closed: false, sealing: undefined };
    return { ...options, ...fresh, log, checkpointer, retain };
  } catch (thrown) {
    const { code, message } = toLogFault(thrown);
    options.tell({ type: 'refused', code, message });
    return;
  }
}

function take(state: HostState, order: Order): void {
  if (order.type === 'batch') takeBatch(state, order);
  else if (order.type === 'reopen') guard(state, () => state.log.reopen());
  else if (order.type === 'close') close(state, order.last);
}

function takeBatch(state: HostState, batch: Batch): void {
  if (state.ill) {
    report(state, state.ill, batch.id);
    return;
  }
  try {
    commit(state, batch);
  } catch (thrown) {
    fall(state, toLogFault(thrown), batch.id);
    return;
  }
  guard(state, () => state.log.rotateIfLarge());
  checkpoint(state);
}

function commit(state: HostState, batch: Batch): void {
  const { log, rounds, tell, settings } = state;
  if (isOpen(rounds, batch) && log.commit(batch, () => claimRound(rounds, batch))) {
    tell({ type: 'done', id: batch.id, seq: log.chain().seq });
    releaseRound(rounds, batch);
    return;
  }
  // The batch was given up while the disk was stuck. It may be as slow with the next one.
  state.ill = new LogFault('DEADLINE', `the disk took longer than ${settings.commitTimeoutMs} ms`);
  heal(state);
}

/** Four times a second: has someone touched the file, is it time to rotate, to sign, to delete? */
function beat(state: HostState): void {
  if (state.closed) return;
  guard(state, () => state.log.tick());
  checkpoint(state);
  guard(state, () => retire(state));
  state.later(TICK_MS, () => beat(state));
}

/** Deletes old segments, or signs for the entry that says so first. */
function retire(state: HostState): void {
  const { retain, checkpointer, sealing } = state;
  const waits = retain(checkpointer.covered());
  if (waits && !sealing && checkpointer.ready()) void seal(state, 'logged');
}

function checkpoint(state: HostState): void {
  const { ill, closed, sealing, checkpointer } = state;
  if (!ill && !closed && !sealing && checkpointer.due()) void seal(state, 'logged');
}

/** Makes a checkpoint; `state.sealing` is its promise until it is made. */
function seal(state: HostState, how: 'logged' | 'last'): Promise<void> {
  const sealing = state.checkpointer
    .make(how)
    .catch((thrown) => failed(state, thrown))
    .finally(() => {
      state.sealing = undefined;
    });
  state.sealing = sealing;
  state.later(LATE_MS, () => {
    if (state.sealing === sealing) state.tell(LATE);
  });
  return sealing;
}

function guard(state: HostState, work: () => void): void {
  if (state.ill || state.closed) return;
  try {
    work();
  } catch (thrown) {
    failed(state, thrown);
  }
}

function failed(state: HostState, thrown: unknown): void {
  const fault = toLogFault(thrown);
  if (fault instanceof PutOff) {
    state.tell({ type: 'put_off', code: fault.code, message: fault.message });
  } else if (!state.ill && !state.closed) fall(state, fault, -1);
}

function fall(state: HostState, fault: LogFault, id: number): void {
  state.ill = fault;
  report(state, fault, id);
  state.log.fall(fault);
  state.later(HEAL_MS, () => heal(state));
}

function report({ tell }: HostState, { code, message }: LogFault, id: number): void {
  tell({ type: 'fault', id, code, message });
}

function heal(state: HostState): void {
  if (!state.ill || state.closed) return;
  if (isFull(state.ill.code)) makeRoom(state);
  try {
    state.log.heal(state.ill, within(state));
    state.ill = undefined;
    state.tell({ type: 'well', open: [...state.log.open()] });
  } catch {
    state.later(HEAL_MS, () => heal(state));
  }
}

/** Deletes what is too much or too old by now; the entry that says so, and its checkpoint, go where the reserve was. */
function makeRoom(state: HostState): void {
  try {
    retire(state);
  } catch {
    // Then only others can make room.
  }
}

/** A disk that is too slow for the entries of calls is not well, or the log would be suspended by the next one. */
function within({ now, settings }: HostState): () => boolean {
  const begunAt = now();
  return () => now() - begunAt < settings.commitTimeoutMs;
}

function close(state: HostState, last: Packed): void {
  // A checkpoint that is being made will be logged, so it must come before the last one.
  if (state.sealing !== undefined) return void state.sealing.then(() => close(state, last));
  guard(state, () => state.log.commit(last));
  // Nothing is logged after `last`, so the last checkpoint covers everything.
  state.closed = true;
  if (state.ill) end(state);
  else void seal(state, 'last').then(() => end(state));
}

function end(state: HostState): void {
  const { seq } = state.log.chain();
  state.log.close();
  state.tell({ type: 'closed', seq });
}
