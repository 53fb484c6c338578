import { type Body, toBody, toEventBody, toPieces } from '../body.ts';
import type { Json } from '../canonical.ts';
import { type Chain, createStage, settle } from './chain.ts';
import type { Disk, DiskFile } from './disk.ts';
import { LogFault, toLogFault } from './fault.ts';
import { toHead } from './head.ts';
import { createSegment, type Live, putAway, tampering, writeAll } from './segment.ts';
import { type Opening, openLog } from './start.ts';

export interface LogOptions {
  readonly disk: Disk;
  /** Path of the live segment. */
  readonly file: string;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly durability: 'fsync' | 'write';
  readonly origin: string;
  readonly vkey: string;
  readonly labels: Readonly<Record<string, string>>;
  /** True where this process wrote the log before: its calls are not over yet. */
  readonly resuming: boolean;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  /** What start-up does with a chain that does not hold: refuse, or go on in a new segment that says so. */
  readonly onBrokenChain: 'refuse' | 'continue';
}

/** A log on one disk, for one writer. Every call is synchronous, and none but `commit` is for calls. */
export interface Log {
  /** Makes the entries durable, all or none, and returns true; false where `confirm` took it back. */
  commit(bodies: readonly Body[], confirm?: () => boolean): boolean;
  /** Notices a live file that is no longer ours, and rotates when it is time. @throws LogFault */
  tick(): void;
  /** After a commit: closes a segment that has reached its size. */
  rotateIfLarge(): void;
  /** Closes the live segment and opens the next; where someone moved the file, under the same name. */
  reopen(): void;
  /** After a fault: tries to be well again. @throws LogFault while it is not */
  heal(reason: string, fields: Record<string, Json>): void;
  /** Forces what was written to the disk, whatever the durability. */
  sync(): void;
  readonly opening: Opening;
  chain(): Chain;
  /** Decision ids of calls begun and not ended. */
  open(): ReadonlySet<string>;
  close(): void;
}

const WATCH_MS = 250;

/** @throws LogFault with code BROKEN where the log that is there does not hold together */
export function createLog(options: LogOptions): Log {
  const { disk, file: path, now, durability } = options;
  const stage = createStage();
  const opening = openLog(options);
  const open = new Set(opening.open);
  let { chain, bytes, live, predecessor } = opening;
  let watchedAt = now();
  /** Why the live file may not be written again, '' while it may. */
  let suspect = '';

  if (!live) openSegment();
  begin();

  return {
    commit,
    tick,
    rotateIfLarge,
    reopen,
    heal,
    sync: () => writable().file.sync(),
    opening,
    chain: () => chain,
    open: () => open,
    close() {
      live?.file.close();
      live = undefined;
    },
  };

  /** What start-up found goes into the log before anything else does. */
  function begin(): void {
    const { recovered, broken, open: left } = opening;
    const bodies = [
      ...(broken ? [event('broken', { broken: { ...broken } })] : []),
      ...(recovered ? [event('recovered', { recovered: { ...recovered } })] : []),
      ...(options.resuming ? [] : [...left].map(unknownOutcome)),
      event('started', { labels: options.labels }),
    ];
    commit(bodies);
  }

  function commit(bodies: readonly Body[], confirm: () => boolean = () => true): boolean {
    const { file } = writable();
    watch();
    const staged = stage(chain, bodies);
    try {
      writeAll(file, staged.bytes);
    } catch (thrown) {
      takeBack(file);
      throw toLogFault(thrown);
    }
    if (durability === 'fsync') sync(file);
    if (!confirm()) {
      takeBack(file);
      return false;
    }
    chain = staged.chain;
    bytes += staged.bytes.length;
    settle(open, bodies);
    return true;
  }

  function writable(): Live {
    if (!live || suspect !== '') {
      throw new LogFault(suspect || 'CLOSED', `${path} cannot be written`);
    }
    return live;
  }

  /** A failed sync may have dropped pages that later ones would not miss: the file is never trusted again. */
  function sync(file: DiskFile): void {
    try {
      file.sync();
    } catch (thrown) {
      const fault = toLogFault(thrown);
      suspect = fault.code;
      takeBack(file);
      throw fault;
    }
  }

  /** Else the next line would be glued to half of one. */
  function takeBack(file: DiskFile): void {
    try {
      file.truncate(bytes);
    } catch (thrown) {
      suspect ||= toLogFault(thrown).code;
    }
  }

  function tick(): void {
    writable();
    watchedAt = Number.NEGATIVE_INFINITY;
    watch();
    const age = now() - (live?.openedAt ?? 0);
    if (age >= options.maxAgeMs) rotate('age');
    else rotateIfLarge();
  }

  function rotateIfLarge(): void {
    if (bytes >= options.maxBytes) rotate('size');
  }

  function watch(): void {
    const at = now();
    if (!live || Math.abs(at - watchedAt) < WATCH_MS) return;
    watchedAt = at;
    const found = tampering({ disk, path, live, bytes });
    if (found === '') return;
    suspect = found;
    throw new LogFault(found, `${path} was changed by someone else: ${found.toLowerCase()}`);
  }

  function reopen(): void {
    writable();
    rotate('reopen');
  }

  function rotate(reason: string): void {
    commit([event('segment_close', { segment_close: { reason } })]);
    sync(writable().file);
    moveOn(reason);
  }

  function heal(reason: string, fields: Record<string, Json>): void {
    if (suspect !== '' || !live) moveOn(suspect || reason);
    commit([event('suspended', fields)]);
  }

  /** Puts the live file among the closed segments and opens the next. */
  function moveOn(closed: string): void {
    if (live) {
      predecessor = putAway({ disk, path, live, bytes, closed });
      live.file.close();
      live = undefined;
    }
    openSegment();
  }

  function openSegment(): void {
    const head = toHead({ ...options, chain, predecessor, open }, timestamp());
    const staged = stage(chain, [head]);
    live = createSegment({ disk, path, head: staged.bytes, chain, at: now() });
    ({ chain } = staged);
    bytes = staged.bytes.length;
    suspect = '';
  }

  function event(kind: string, fields: Record<string, Json>): Body {
    return toEventBody(kind, timestamp(), fields);
  }

  /** The process ended between this call's intent and its outcome: what KMS did, nobody here knows. */
  function unknownOutcome(id: string): Body {
    const outcome = { code: 'UNKNOWN', reason: '', status: 'unknown' };
    const pieces = toPieces({ decision_id: id, kind: 'outcome', outcome, timestamp: timestamp() });
    return toBody('-', id, pieces);
  }

  function timestamp(): string {
    return new Date(now()).toISOString();
  }
}
