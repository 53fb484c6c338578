import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { notRegular } from './regular.ts';

export interface Lock {
  /** Of the file that is locked, whatever has its name by now. */
  readonly inode: number;
  release(): void;
}

const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;
const SQLITE_BUSY = 5;
/** Two that try at one instant stand in each other's way for a moment, and one of them shall have it. */
const CONTEST_MS = 250;

/**
 * Locks a file of its own that is made where it is not; undefined where another process has it. Node can
 * lock no file, and the SQLite in it can: an empty database is locked and never written. The lock is the
 * kernel's, so it holds across PID namespaces, and is gone with the process however that ends; nothing
 * has to be cleaned up.
 * @throws Error with one sentence where it is something else, or the file system has no locks
 */
export function lockFile(path: string): Lock | undefined {
  const inode = makeEmpty(path);
  const database = new DatabaseSync(path, { timeout: CONTEST_MS });
  try {
    // In memory, or SQLite would put its journal beside the file.
    database.exec('PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE');
  } catch (thrown) {
    database.close();
    const { errcode, message } = thrown as Error & { readonly errcode?: number };
    if (errcode === SQLITE_BUSY) return undefined;
    throw new Error(`${path} cannot be locked: ${message}`, { cause: thrown });
  }
  return { inode, release: () => database.close() };
}

/** SQLite would follow a symbolic link, and make the file readable to all. */
function makeEmpty(path: string): number {
  const fd = openSync(path, O_CREAT | O_RDWR | O_NOFOLLOW | O_NONBLOCK, 0o600);
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw new Error(notRegular(path));
    return stats.ino;
  } finally {
    closeSync(fd);
  }
}
