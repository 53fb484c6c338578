import { closeSync, constants, fstatSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export interface Lock {
  release(): void;
}

const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;
const SQLITE_BUSY = 5;

/**
 * Keeps a second process from writing the same log. Node can lock no file, and the SQLite in it can:
 * an empty database is locked and never written. The lock is the kernel's, so it holds across PID
 * namespaces, and is gone with the process however that ends; nothing has to be cleaned up.
 * @throws Error with one sentence where another process has it, or the file system has no locks
 */
export function lockLog(file: string): Lock {
  const path = `${file}.lock`;
  mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
  makeEmpty(path);
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    // In memory, or SQLite would put its journal beside the log.
    database.exec('PRAGMA journal_mode=MEMORY; PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (thrown) {
    database.close();
    const { errcode, message } = thrown as Error & { readonly errcode?: number };
    if (errcode === SQLITE_BUSY) {
      throw new Error(
        `audit: another process writes ${file}; stop it, or give this one a file of its own (audit.file)`,
      );
    }
    throw new Error(`audit: ${path} cannot be locked: ${message}`, { cause: thrown });
  }
  return { release: () => database.close() };
}

/** SQLite would follow a symbolic link, and make the file readable to all. */
function makeEmpty(path: string): void {
  const fd = openSync(path, O_CREAT | O_RDWR | O_NOFOLLOW | O_NONBLOCK, 0o600);
  try {
    if (!fstatSync(fd).isFile()) throw new Error(`audit: ${path} is not a regular file`);
  } finally {
    closeSync(fd);
  }
}
