import { existsSync, lstatSync } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Lock, lockFile } from '../files/lock.ts';
import { makeFolder } from '../files/make-folder.ts';
import { ofSettingSync } from '../thrown.ts';

type Held = Pick<Lock, 'release'>;

const LOOK_MS = 250;
/** By then, the process that writes the log has put back a lock file that was removed. */
const PUT_BACK_MS = 1_000;

/**
 * Keeps a second process from writing the same log. When its start is refused, somebody may think that the
 * lock file is stale and remove it: so the holder puts it back, and the next start waits for that.
 * @throws Error with one sentence if another process has it, or the file system has no locks
 */
export async function lockLog(file: string): Promise<Held> {
  const path = `${file}.lock`;
  if (existsSync(file) && !existsSync(path)) await sleep(PUT_BACK_MS);
  const lock = open(path);
  if (lock) return keep(path, lock);
  throw new Error(
    `audit: another process writes ${file}; stop it, or give this one a file of its own (audit.file)`,
  );
}

function open(path: string): Lock | undefined {
  return ofSettingSync('audit.file', () => {
    makeFolder(dirname(path), 0o750);
    return lockFile(path);
  });
}

/** If another process has taken the lock, `look` throws and nothing catches it: this process ends. */
function keep(path: string, first: Lock): Held {
  let lock: Lock | undefined = first;
  let looking = false;
  const timer = setInterval(look, LOOK_MS).unref();
  return {
    release() {
      clearInterval(timer);
      lock?.release();
      lock = undefined;
    },
  };

  /** Asynchronous, because a file system that hangs must not hold up calls. */
  async function look(): Promise<void> {
    if (looking) return;
    looking = true;
    const there = await lstat(path).catch(() => undefined);
    looking = false;
    if (!lock || there?.ino === lock.inode) return;
    const left = lock;
    lock = putBack(path, left);
    if (lock !== left) left.release();
  }
}

/** The lock of a new file, or `held` if that fails for now. @throws Error if another process has it */
function putBack(path: string, held: Lock): Lock {
  let lock: Lock | undefined;
  try {
    // Our file may be back, or could not be looked at for a moment. To open and close it would unlock it.
    if (lstatSync(path, { throwIfNoEntry: false })?.ino === held.inode) return held;
    lock = lockFile(path);
  } catch {
    return held;
  }
  if (lock) return lock;
  throw new Error(`audit: another process has taken ${path}, and writes the log from now on`);
}
