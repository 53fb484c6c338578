import { randomUUID } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, rmSync } from 'node:fs';
import process from 'node:process';
import type { DatabaseSync } from 'node:sqlite';
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
/** Two that try at the same instant block each other briefly; waiting this long lets one of them win. */
const CONTEST_MS = 250;

/**
 * Locks a file of its own that is made where it is not; undefined where another process has it. Node can
 * lock no file, and the SQLite in it can: an empty database is locked and never written. The lock is the
 * kernel's, so it holds across PID namespaces, and is gone with the process however that ends; nothing
 * has to be cleaned up.
 * @throws Error with one sentence where it is something else, or the file system has no locks
 */
export function lockFile(path: string, database: Database = sqlite()): Lock | undefined {
  const lock = tryLock(path, database);
  if (lock || hasLocks(path, database)) return lock;
  throw new Error(`${path} cannot be locked: its file system has no locks`);
}

/** Node.js 22 would say on stderr that it is experimental, where a command's own sentence should stand alone. */
function sqlite(): Database {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return process.getBuiltinModule('node:sqlite').DatabaseSync;
  } finally {
    process.emitWarning = emitWarning;
  }
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
 * SQLite reports a file as busy if another process holds it, but also any file on a file system without
 * locks (NFS without its lock service). There, even a new file cannot be locked.
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
