import { spawnSync } from 'node:child_process';
import { existsSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { lockLog } from '../../src/audit/lock.ts';
import { lostOf, readRecorded, startWriter, type Writer } from '../faults/audit/process.ts';
import { createFolder, openAudit, verify } from './world.ts';

const REFUSED =
  /another process writes .*audit\.jsonl; stop it, or give this one a file of its own/;

/** Runs a process with its own PIDs, like a container that shares a volume. */
const ELSEWHERE = ['unshare', '--pid', '--fork', '--mount-proc'];
const canUnshare =
  process.env['CI'] === 'true' || spawnSync('unshare', ['--pid', '--fork', 'true']).status === 0;

test.concurrent('of two processes one writes; the other says why it cannot, and ends', async () => {
  await using folder = createFolder();
  const { file } = folder;
  const first = startWriter({ file, inFlight: 4, pauseMs: 2 });
  await first.until('ready');
  const refuses = async (second: Writer) => {
    await second.ended();
    expect(second.child.exitCode).not.toBe(0);
    expect(second.stderr()).toMatch(REFUSED);
    expect([...second.intents]).toEqual([]);
  };
  // Both at once, and one that cannot see the others.
  const seconds = [
    startWriter({ file }),
    ...(canUnshare ? [startWriter({ file, under: ELSEWHERE })] : []),
  ];
  await Promise.all(seconds.map(refuses));
  // A removed lock file is put back, and a start waits long enough for that.
  rmSync(`${file}.lock`);
  await refuses(startWriter({ file }));
  first.child.kill('SIGKILL');
  await first.ended();
  expect(first.said.has('suspended')).toBe(false);
  expect(verify(file).problem).toBeUndefined();
});

test.concurrent('a process that lost the lock while stopped ends, and writes no more', async () => {
  await using folder = createFolder();
  const { file } = folder;
  const first = startWriter({ file, inFlight: 1, pauseMs: 2 });
  await first.until('ready');
  first.child.kill('SIGSTOP');
  rmSync(`${file}.lock`);
  const second = startWriter({ file, firstCall: 1_000_000 });
  await second.until('ready');
  first.child.kill('SIGCONT');
  await first.ended();
  expect(first.stderr()).toContain(`another process has taken ${file}.lock`);
  second.child.kill('SIGKILL');
  await second.ended();
});

test('a lock file that is back by the time it would be replaced is still held', async () => {
  await using folder = createFolder();
  const path = `${folder.file}.lock`;
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const lock = await lockLog(folder.file);
  renameSync(path, `${path}.away`);
  vi.advanceTimersByTime(250);
  vi.useRealTimers();
  // The look that has begun finds nothing, which this thread gets to know only later.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
  renameSync(`${path}.away`, path);
  await setTimeout(20);
  const script = `import { lockFile } from './src/files/lock.ts'; console.log(typeof lockFile(${JSON.stringify(path)}))`;
  const other = spawnSync(process.execPath, ['--input-type=module', '-e', script]);
  expect(String(other.stdout)).toBe('undefined\n');
  lock.release();
});

test('a process killed under load leaves no lock behind, and loses nothing it acknowledged', async () => {
  await using folder = createFolder();
  const { file } = folder;
  const first = startWriter({ file });
  await first.until('ready');
  await expect.poll(() => first.terminals.size).toBeGreaterThan(20);
  first.child.kill('SIGKILL');
  await first.ended();
  const second = startWriter({ file, firstCall: 1_000_000, ms: 100 });
  await second.until('ready');
  await second.ended();
  expect(second.said.get('state')).toBe('ok');
  expect(verify(file).state).toBe('intact');
  expect(lostOf(first, readRecorded(file))).toBe(0);
});

test.concurrent('the lock is released when the log closes, and when it fails to open', async () => {
  await using folder = createFolder();
  const { file } = folder;
  writeFileSync(file, 'not a log\n');
  writeFileSync(`${file}.lock`, '');
  writeFileSync(`${file}.checkpoint`, 'not a checkpoint');
  await expect(openAudit(file)).rejects.toThrow('not a checkpoint');
  await using other = createFolder();
  for (let turn = 0; turn < 2; turn += 1) {
    const audit = await openAudit(other.file);
    await expect(openAudit(other.file)).rejects.toThrow(REFUSED);
    await audit.close();
  }
  await expect(openAudit(file)).rejects.toThrow('not a checkpoint');
});

test.concurrent('the lock file is empty, private to its owner, and never someone else’s file', async () => {
  await using folder = createFolder();
  const audit = await openAudit(folder.file);
  const lock = `${folder.file}.lock`;
  expect(statSync(lock).size).toBe(0);
  expect(statSync(lock).mode & 0o777).toBe(0o600);
  expect(existsSync(`${lock}-journal`)).toBe(false);
  await audit.close();
  await using other = createFolder();
  const target = join(other.path, 'target');
  symlinkSync(target, `${other.file}.lock`);
  await expect(openAudit(other.file)).rejects.toThrow('ELOOP');
  expect(existsSync(target)).toBe(false);
  await using third = createFolder();
  writeFileSync(`${third.file}.lock`, 'x'.repeat(4096));
  await expect(openAudit(third.file)).rejects.toThrow(/audit\.jsonl\.lock cannot be locked/);
  const within = `${third.file}.lock/audit.jsonl`;
  await expect(openAudit(within)).rejects.toThrow(/^audit\.file: (ENOTDIR|EEXIST).*mkdir/);
});
