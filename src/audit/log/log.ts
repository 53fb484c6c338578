import type { AuditKind } from '../../audit-kinds.ts';
import type { Json } from '../../json/canonical.ts';
import { type Body, type Packed, pack, toBody, toPieces } from '../entries/body.ts';
import { type Chain, createStage } from './chain.ts';
import { commit, note, watch } from './commit.ts';
import { isFull, type LogFault } from './fault.ts';
import { type Opening, openLog } from './open-log.ts';
import { createPause } from './pause.ts';
import { createReserve } from './reserve.ts';
import {
  beginSegment,
  reopen,
  rotateIfDue,
  rotateIfLarge,
  startAnew,
  UNROTATED_MS,
} from './rotate.ts';
import { event, type LogOptions, type LogState, timestamp, writable } from './state.ts';
import { flush } from './sync.ts';

/** A log on one disk, for one writer. Every call but `flush` is synchronous; they throw LogFault. */
export interface Log {
  /** Makes the entries durable, all or none, and returns true; false where `confirm` took it back. */
  commit(packed: Packed, confirm?: () => boolean): boolean;
  /** Writes an entry that nobody waits for: durable with the next one. */
  note(kind: AuditKind, fields: Record<string, Json>): void;
  /** An entry about the log itself. */
  event(kind: AuditKind, fields: Record<string, Json>): Body;
  /** Notices a live file that is no longer ours, and rotates when it is time. */
  tick(): void;
  /** After a commit: closes a segment that has reached its size. */
  rotateIfLarge(): void;
  /** Closes the live segment and begins the next; where someone moved the file, under the same name. */
  reopen(): void;
  /** After a fault: if the disk is full, logs that into the room that was kept for it. */
  fall(fault: LogFault): void;
  /** After a fault: tries to recover and log it, and throws if it cannot, or not `inTime`. */
  heal(fault: LogFault, inTime: () => boolean): void;
  /** Forces what was written to the disk, whatever the durability. @throws LogFault by rejecting */
  flush(): Promise<void>;
  readonly opening: Opening;
  chain(): Chain;
  /** First seq of the live segment. */
  firstSeq(): number;
  /** Decision ids of calls begun and not ended. */
  open(): ReadonlySet<string>;
  close(): void;
}

/** Opens a log, or makes it. @throws LogFault BROKEN where what is there does not hold together */
export function createLog(options: LogOptions): Log {
  const opening = openLog(options);
  const { chain, bytes, live, predecessor, open } = opening;
  const state: LogState = {
    options,
    stage: createStage(),
    reserve: createReserve(options.disk, options.file),
    open: new Set(open),
    unrotated: createPause(options.now, UNROTATED_MS),
    chain,
    bytes,
    durable: 0,
    live,
    predecessor,
    watchedAt: options.now(),
    movedAt: undefined,
    suspect: '',
    doubtful: false,
  };
  begin(state, opening);
  return {
    commit: (packed, confirm) => commit(state, packed, confirm),
    note: (kind, fields) => note(state, event(state, kind, fields)),
    event: (kind, fields) => event(state, kind, fields),
    tick: () => tick(state),
    rotateIfLarge: () => rotateIfLarge(state),
    reopen: () => reopen(state),
    fall: (fault) => fall(state, fault),
    heal: (fault, inTime) => heal(state, fault, inTime),
    flush: () => flush(state),
    opening,
    chain: () => state.chain,
    firstSeq: () => state.live?.firstSeq ?? state.chain.seq,
    open: () => state.open,
    close: () => state.live?.file.close(),
  };
}

/** What start-up found goes into the log before anything else does. */
function begin(state: LogState, { recovered, broken, open }: Opening): void {
  const { labels, resuming } = state.options;
  if (!state.live) beginSegment(state);
  state.reserve.keep();
  const found = [
    ...(broken ? [event(state, 'broken', { broken: { ...broken } })] : []),
    ...(recovered ? [event(state, 'recovered', { recovered: { ...recovered } })] : []),
    ...(resuming ? [] : [...open].map((id) => unknownOutcome(id, timestamp(state)))),
    event(state, resuming ? 'restarted' : 'started', { labels }),
  ];
  commit(state, pack(found));
}

function tick(state: LogState): void {
  writable(state);
  state.watchedAt = Number.NEGATIVE_INFINITY;
  watch(state);
  rotateIfDue(state);
}

function fall(state: LogState, { code, message }: LogFault): void {
  if (!isFull(code)) return;
  try {
    state.reserve.release();
    commit(state, pack([event(state, 'suspended', { suspended: { code, message } })]));
  } catch {
    // Freeing the reserve was not enough: `heal` logs the fault once there is room.
  }
}

function heal(state: LogState, fault: LogFault, inTime: () => boolean): void {
  const { code, message } = fault;
  if (state.suspect !== '' || !state.live) startAnew(state, state.suspect || code);
  state.reserve.keep();
  // If only the reserve fits, there is still no room for entries.
  if (isFull(code)) state.reserve.probe();
  const told = pack([event(state, 'suspended', { suspended: { code, message } })]);
  if (!commit(state, told, inTime)) throw fault;
}

/** The process ended between this call's intent and its outcome: nobody here knows what KMS did. */
function unknownOutcome(id: string, at: string): Body {
  const outcome = { code: 'UNKNOWN', status: 'unknown' };
  const entry = { decision_id: id, kind: 'outcome', outcome, timestamp: at };
  return toBody('-', id, toPieces(entry));
}
