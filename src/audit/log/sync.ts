import type { DiskFile } from './disk.ts';
import { type LogFault, toLogFault } from './fault.ts';
import type { Live } from './segment.ts';
import { type LogOptions, type LogState, writable } from './state.ts';

/** Makes every line so far durable. @throws LogFault, and the file is doubtful from then on */
export function sync(state: LogState, file: DiskFile): void {
  if (state.durable === state.bytes) return;
  force(state, file);
  state.durable = state.bytes;
}

/** Always syncs: `commit` has written lines that `state.bytes` does not count yet. */
export function force(state: LogState, file: DiskFile): void {
  try {
    file.sync();
  } catch (thrown) {
    throw doubt(state, thrown);
  }
}

/** From now on the file is never written or synced again. */
function doubt(state: LogState, thrown: unknown): LogFault {
  const fault = toLogFault(thrown);
  state.suspect = fault.code;
  state.doubtful = true;
  return fault;
}

/**
 * Makes every line so far durable, for a checkpoint. With durability `write`, calls do not wait for
 * the disk, so this sync must not hold up the thread that writes their entries. With `fsync`, the
 * last batch is already synced, and there is mostly nothing to do.
 */
export async function flush(state: LogState): Promise<void> {
  const live = writable(state);
  const { bytes, options } = state;
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
 * Opens the log's file under a second descriptor: Linux reports a failed write once to each, so the
 * log's own still learns of it. Undefined if another file has the name by now, or none has.
 */
function openAside({ disk, file }: LogOptions, { inode }: Live): DiskFile | undefined {
  try {
    const aside = disk.open(file, 'read');
    if (aside.facts().inode === inode) return aside;
    aside.close();
  } catch {
    // Then `flush` uses the log's own descriptor.
  }
  return;
}
