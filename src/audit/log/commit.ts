import { type Body, type Packed, pack } from '../entries/body.ts';
import { settle } from './chain.ts';
import type { DiskFile } from './disk.ts';
import { LogFault, toLogFault } from './fault.ts';
import { isMovedAside, tampering, type Watched } from './segment.ts';
import { type LogState, writable } from './state.ts';
import { force } from './sync.ts';
import { writeAll } from './write.ts';

const WATCH_MS = 250;
/** How long a moved file may wait for logrotate's SIGHUP: together with WATCH_MS, less than a second. */
const MOVED_MS = 400;

export function commit(state: LogState, packed: Packed, confirm = () => true): boolean {
  return write(state, packed, { confirm, synced: state.options.durability === 'fsync' });
}

/** Writes an entry that nobody waits for: the next sync makes it durable, and a crash may lose it. */
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

/** Removes what was written of a failed batch: the next line would be glued to it. */
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
  const watched = { disk: options.disk, path: options.file, live, bytes };
  const found = tampering(watched);
  if (found === '') state.movedAt = undefined;
  if (found === '' || awaitsReopen(state, watched)) return;
  state.suspect = found;
  throw new LogFault(found, `${options.file} was changed by someone else`);
}

/** Until then, entries still go into the moved file, which is as durable as before. */
function awaitsReopen(state: LogState, watched: Watched): boolean {
  if (!isMovedAside(watched)) return false;
  state.movedAt ??= state.watchedAt;
  return Math.abs(state.watchedAt - state.movedAt) < MOVED_MS;
}
