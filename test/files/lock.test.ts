import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { expect, test } from 'vitest';
import { lockFile } from '../../src/files/lock.ts';

/** The first half of taking the lock, by a process that gives up a moment later. */
const TRIES = `
  const database = new (require('node:sqlite').DatabaseSync)(process.argv[1]);
  database.exec('BEGIN; SELECT * FROM sqlite_schema');
  console.log('trying');
  setTimeout(() => database.close(), 30);
`;

// On a busy machine, the other may not get to its end in the time that is waited for it.
test('of two that try at the same instant one gets it', { retry: 3 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'krp-lock-'));
  const path = join(folder, 'lock');
  const other = spawn(process.execPath, ['-e', TRIES, path]);
  await once(other.stdout, 'data');
  const lock = lockFile(path);
  expect(lock).toBeDefined();
  lock?.release();
});

test('warnings are told as before once there is a lock', () => {
  const folder = mkdtempSync(join(tmpdir(), 'krp-lock-'));
  const { emitWarning } = process;
  lockFile(join(folder, 'lock'))?.release();
  expect(process.emitWarning).toBe(emitWarning);
});

test('a file system without locks is an error, not a lock held', () => {
  const folder = mkdtempSync(join(tmpdir(), 'krp-lock-'));
  /** Like SQLite when the kernel answers ENOLCK. */
  class WithoutLocks {
    exec(): void {
      throw Object.assign(new Error('database is locked'), { errcode: 5 });
    }
    close(): void {}
  }
  const path = join(folder, 'lock');
  expect(() => lockFile(path, WithoutLocks)).toThrow('its file system has no locks');
  expect(readdirSync(folder)).toEqual(['lock']);
});
