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

/** Syncs in any case: `commit` has written lines that `state.bytes` does not count yet. */
export function force(state: LogState, file: DiskFile): void {
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
 * Makes every line so far durable, for a checkpoint. With durability `write` calls do not wait for
 * the disk, so that this sync must not hold up the thread that writes their entries. With `fsync` the
 * last batch has synced already, and there is mostly nothing to do.
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
 * The log's file under another descriptor: Linux reports a failed write once to each, so that the
 * log's own still learns of it. Undefined where another file has the name by now, or none.
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
