import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'vitest';
import { createFolder, verify } from '../../audit/world.ts';
import { lostOf, type Recorded, readRecorded, startWriter, type Writer } from './process.ts';

/** What someone may do to the live file, and the code with which the log reports it. */
export const TOUCHES = {
  remove: ['REMOVED', (file: string) => rmSync(file)],
  rename: ['RENAMED', (file: string) => renameSync(file, `${file}.1`)],
  truncate: ['TRUNCATED', (file: string) => truncateSync(file, statSync(file).size >> 1)],
  chmod: ['MODE_CHANGED', (file: string) => chmodSync(file, 0o644)],
} as const;

export type Touch = keyof typeof TOUCHES;

/**
 * Touches the live file under load: that is noticed, only what was cut off is lost, and the verifier
 * misses it. Returns the milliseconds until it was noticed.
 */
export async function touchLiveFile(name: Touch): Promise<number> {
  const [code, touch] = TOUCHES[name];
  await using folder = createFolder();
  const writer = startWriter({ file: folder.file, inFlight: 8, pauseMs: 3 });
  await writer.serves();
  touch(folder.file);
  const from = performance.now();
  await writer.until('suspended');
  const noticed = performance.now() - from;
  await writer.serves();
  await writer.finish();
  expect(writer.said.get('suspended')).toBe(code);
  expect(writer.said.get('state')).toBe('ok');
  const cut = name === 'truncate';
  expect(verify(folder.file).state, name).toBe(cut ? 'tampered' : 'intact');
  if (!cut) expectNothingLost(writer, readRecorded(folder.file));
  return noticed;
}

/** Small segments and SIGHUPs under load: nothing is lost or refused. Returns how many were closed. */
export async function storm(): Promise<number> {
  await using folder = createFolder();
  const options = { maxBytes: 32_000 };
  const writer = startWriter({ file: folder.file, inFlight: 16, pauseMs: 12, options });
  await writer.serves();
  for (let sent = 0; sent < 40; sent += 1) {
    writer.child.kill('SIGHUP');
    await setTimeout(20);
  }
  await writer.serves();
  await writer.finish();
  const recorded = readRecorded(folder.file);
  expect(verify(folder.file).state).toBe('intact');
  expectNothingLost(writer, recorded);
  expect(recorded.twice).toBe(0);
  expect(writer.failures.size, JSON.stringify([...writer.failures])).toBe(0);
  expect(new Set(recorded.closed)).toEqual(new Set(['size', 'reopen']));
  return recorded.closed.length;
}

function expectNothingLost(writer: Writer, recorded: Recorded): void {
  expect(writer.terminals.size, 'acknowledged').toBeGreaterThan(0);
  expect(lostOf(writer, recorded)).toBe(0);
}

/** In CI, root must be able to mount; elsewhere, tests are skipped where root may not. */
export const mustMount =
  process.getuid?.() === 0 &&
  (process.env['CI'] === 'true' ||
    spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', tmpdir()]).status === 0);

/** A small disk fills up and is freed: calls are refused while it is full, and served again after. */
export async function fillDisk(): Promise<void> {
  await using folder = createFolder();
  const mount = join(folder.path, 'small');
  mkdirSync(mount);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', mount]);
  try {
    const file = join(mount, 'audit.jsonl');
    const hog = join(mount, 'hog');
    // Half of it beforehand, because the writer does not wait until the rest is full.
    writeFileSync(hog, Buffer.alloc(8 << 20));
    const writer = startWriter({ file, inFlight: 4, pauseMs: 20 });
    await writer.serves();
    expect(() => fill(hog)).toThrow('ENOSPC');
    await writer.until('suspended');
    await setTimeout(300);
    rmSync(hog);
    await writer.serves();
    await writer.finish();
    expect(writer.said.get('suspended')).toBe('ENOSPC');
    expect(writer.failures.size, 'refused while full').toBeGreaterThan(0);
    expect(writer.said.get('state'), writer.stderr()).toBe('ok');
    expect(verify(file).state).toBe('intact');
    expectNothingLost(writer, readRecorded(file));
  } finally {
    execFileSync('umount', ['-l', mount]);
  }
}

function fill(file: string): never {
  for (;;) writeFileSync(file, Buffer.alloc(32_768), { flag: 'a' });
}
