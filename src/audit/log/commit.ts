import { type Body, type Packed, pack } from '../body.ts';
import { settle } from './chain.ts';
import type { DiskFile } from './disk.ts';
import { LogFault, toLogFault } from './fault.ts';
import { tampering, writeAll } from './segment.ts';
import { type LogState, writable } from './state.ts';
import { force } from './sync.ts';

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

/** Takes a part of a batch out of the file again: the next line would be glued to it. */
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
