import { type Body, type Packed, pack, toEventBody } from '../body.ts';
import type { Json } from '../canonical.ts';
import { type Chain, type Stage, settle } from './chain.ts';
import type { Disk, DiskFile } from './disk.ts';
import { LogFault, toLogFault } from './fault.ts';
import type { Predecessor } from './head.ts';
import type { Claim } from './recover.ts';
import type { Reserve } from './reserve.ts';
import { type Live, tampering, writeAll } from './segment.ts';

export interface LogOptions {
  readonly disk: Disk;
  /** Path of the live segment. */
  readonly file: string;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly durability: 'fsync' | 'write';
  readonly origin: string;
  /** Of the key that signs checkpoints, as signed notes have it. */
  readonly vkey: string;
  readonly labels: Readonly<Record<string, string>>;
  /** What the checkpoint beside the log says, if there is one. */
  readonly claim: Claim | undefined;
  /** True where this process wrote the log before: its calls are not over yet. */
  readonly resuming: boolean;
  /** A segment of this size or age is closed. */
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  /** Room kept on the disk for saying that it is full. */
  readonly reserveBytes: number;
  /** What start-up does with a chain that does not hold: refuse, or go on in a new segment that says so. */
  readonly onBrokenChain: 'refuse' | 'continue';
}

/** What changes while a log runs. */
export interface LogState {
  readonly options: LogOptions;
  readonly stage: Stage;
  readonly reserve: Reserve;
  readonly open: Set<string>;
  chain: Chain;
  /** Where the last line ends in the live file. */
  bytes: number;
  /** Where the last line ends that the disk has for certain. */
  durable: number;
  live: Live | undefined;
  predecessor: Predecessor | undefined;
  watchedAt: number;
  /** Why the live file may not be written again, '' while it may. */
  suspect: string;
  /** True where a sync failed: pages may have been dropped that later ones would not miss. */
  doubtful: boolean;
}

const WATCH_MS = 250;

export function commit(state: LogState, packed: Packed, confirm = () => true): boolean {
  return write(state, packed, { confirm, synced: state.options.durability === 'fsync' });
}

/** An entry that nobody waits for: the next sync makes it durable, and a crash may lose it. */
export function note(state: LogState, body: Body): void {
  write(state, pack([body]), { confirm: () => true, synced: false });
}

interface How {
  readonly confirm: () => boolean;
  readonly synced: boolean;
}

function write(state: LogState, packed: Packed, { confirm, synced }: How): boolean {
  const { file } = writable(state);
  watch(state);
  const staged = state.stage(state.chain, packed);
  try {
    writeAll(file, staged.bytes);
    if (synced) force(state, file);
  } catch (thrown) {
    takeBack(state, file);
    throw toLogFault(thrown);
  }
  if (!confirm()) {
    takeBack(state, file);
    return false;
  }
  state.chain = staged.chain;
  state.bytes += staged.bytes.length;
  if (synced) state.durable = state.bytes;
  settle(state.open, staged);
  return true;
}

export function writable({ live, suspect, options }: LogState): Live {
  if (live && suspect === '') return live;
  throw new LogFault(suspect || 'CLOSED', `${options.file} cannot be written`);
}

export function sync(state: LogState, file: DiskFile): void {
  if (state.durable === state.bytes) return;
  force(state, file);
  state.durable = state.bytes;
}

function force(state: LogState, file: DiskFile): void {
  try {
    file.sync();
  } catch (thrown) {
    throw doubt(state, thrown);
  }
}

/** The file is never written or synced again. */
function doubt(state: LogState, thrown: unknown): LogFault {
  const fault = toLogFault(thrown);
  state.suspect = fault.code;
  state.doubtful = true;
  return fault;
}

/**
 * For a checkpoint: where calls do not wait for the disk, they shall not wait for its sync either.
 * Where they do, the last of them has mostly done it.
 */
export async function flush(state: LogState): Promise<void> {
  const { live, bytes, options } = { ...state, live: writable(state) };
  const aside = options.durability === 'write' ? openAside(options, live) : undefined;
  if (!aside) return sync(state, live.file);
  try {
    await aside.syncAside();
    if (state.live === live) state.durable = Math.max(state.durable, bytes);
  } catch (thrown) {
    throw state.live === live ? doubt(state, thrown) : toLogFault(thrown);
  } finally {
    aside.close();
  }
}

/**
 * Opened anew, since the log's own descriptor must still be told of what goes wrong. Undefined where
 * that cannot be: another file may have the name by now, or none.
 */
function openAside({ disk, file }: LogOptions, { inode }: Live): DiskFile | undefined {
  try {
    const aside = disk.open(file, 'read');
    if (aside.facts().inode === inode) return aside;
    aside.close();
  } catch {
    // Then the log's own descriptor does.
  }
  return;
}

/** Else the next line would be glued to half of one. */
function takeBack(state: LogState, file: DiskFile): void {
  try {
    file.truncate(state.bytes);
  } catch (thrown) {
    state.suspect ||= toLogFault(thrown).code;
  }
}

export function watch(state: LogState): void {
  const { options, live, bytes, watchedAt } = state;
  const now = options.now();
  if (!live || Math.abs(now - watchedAt) < WATCH_MS) return;
  state.watchedAt = now;
  const found = tampering({ disk: options.disk, path: options.file, live, bytes });
  if (found === '') return;
  state.suspect = found;
  throw new LogFault(found, `${options.file} was changed by someone else`);
}

export function event(state: LogState, kind: string, fields: Record<string, Json>): Body {
  return toEventBody(kind, timestamp(state), fields);
}

export function timestamp({ options }: LogState): string {
  return new Date(options.now()).toISOString();
}
