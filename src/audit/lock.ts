import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Lock, lockFile } from '../files/lock.ts';
import { messageOf } from '../message-of.ts';

/**
 * Keeps a second process from writing the same log.
 * @throws Error with one sentence where another process has it, or the file system has no locks
 */
export function lockLog(file: string): Lock {
  const lock = open(`${file}.lock`);
  if (lock) return lock;
  throw new Error(
    `audit: another process writes ${file}; stop it, or give this one a file of its own (audit.file)`,
  );
}

function open(path: string): Lock | undefined {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
    return lockFile(path);
  } catch (cause) {
    throw new Error(`audit.file: ${messageOf(cause)}`, { cause });
  }
}
