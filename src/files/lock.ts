import { randomUUID } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { notRegular } from './regular.ts';

export interface Lock {
  /** Of the file that is locked, whatever has its name by now. */
  readonly inode: number;
  release(): void;
}

/** node:sqlite's; a test passes another. */
type Database = new (
  path: string,
  options: { readonly timeout: number },
) => Pick<DatabaseSync, 'exec' | 'close'>;

const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;
const SQLITE_BUSY = 5;
/** Two that try at the same instant block each other for a moment, and one of them has to get it. */
const CONTEST_MS = 250;

/**
 * Locks a file of its own that is made where it is not; undefined where another process has it. Node can
 * lock no file, and the SQLite in it can: an empty database is locked and never written. The lock is the
 * kernel's, so it holds across PID namespaces, and is gone with the process however that ends; nothing
 * has to be cleaned up.
 * @throws Error with one sentence where it is something else, or the file system has no locks
 */
export function lockFile(path: string, database: Database = DatabaseSync): Lock | undefined {
  const lock = tryLock(path, database);
  if (lock || hasLocks(path, database)) return lock;
  throw new Error(`${path} cannot be locked: its file system has no locks`);
}

function tryLock(path: string, Database: Database): Lock | undefined {
  const inode = makeEmpty(path);
  const database = new Database(path, { timeout: CONTEST_MS });
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

/**
 * SQLite calls a file busy that another process has, and every file where there are no locks, as on an NFS
 * without its lock service: a new one is not to be had there either.
 */
function hasLocks(path: string, database: Database): boolean {
  const trial = `${path}.${randomUUID()}`;
  try {
    const lock = tryLock(trial, database);
    lock?.release();
    return lock !== undefined;
  } finally {
    rmSync(trial, { force: true });
  }
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
