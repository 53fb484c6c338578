import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'vitest';
import { createFolder, verify } from '../../audit/world.ts';
import { lostOf, readRecorded, startWriter, type WriterPlan } from './process.ts';

/** What someone may do to the live file, and the code with which the log says so. */
export const TOUCHES = {
  remove: ['REMOVED', (file: string) => rmSync(file)],
  rename: ['RENAMED', (file: string) => renameSync(file, `${file}.1`)],
  truncate: ['TRUNCATED', (file: string) => truncateSync(file, statSync(file).size >> 1)],
  chmod: ['MODE_CHANGED', (file: string) => chmodSync(file, 0o644)],
} as const;

export type Touch = keyof typeof TOUCHES;

/** Less than what a trial makes by itself. */
type Load = Pick<WriterPlan, 'inFlight' | 'ms'>;

/** The live file is touched under load: noticed, and nothing else is lost. Milliseconds until then. */
export async function touchLiveFile(name: Touch, load: Load = {}): Promise<number> {
  const [code, touch] = TOUCHES[name];
  await using folder = createFolder();
  const writer = startWriter({ file: folder.file, inFlight: 8, pauseMs: 3, ms: 1_800, ...load });
  await writer.until('ready');
  await setTimeout(150);
  touch(folder.file);
  const from = performance.now();
  await writer.until('suspended');
  const noticed = performance.now() - from;
  await writer.ended();
  expect(writer.said.get('suspended')).toBe(code);
  expect(writer.said.get('state')).toBe('ok');
  const cut = name === 'truncate';
  expect(verify(folder.file).state, name).toBe(cut ? 'tampered' : 'intact');
  if (!cut) expect(lostOf(writer, readRecorded(folder.file))).toBe(0);
  return noticed;
}

/** Small segments and SIGHUPs under load: nothing is lost or refused. How many segments there were. */
export async function storm(signals = 40, load: Load = {}): Promise<number> {
  await using folder = createFolder();
  const options = { maxBytes: 30_000 };
  const plan = { inFlight: 16, pauseMs: 12, ms: 2_000, ...load };
  const writer = startWriter({ file: folder.file, ...plan, options });
  await writer.until('ready');
  for (let sent = 0; sent < signals; sent += 1) {
    writer.child.kill('SIGHUP');
    await setTimeout(20);
  }
  await writer.ended();
  const recorded = readRecorded(folder.file);
  expect(verify(folder.file).state).toBe('intact');
  expect(lostOf(writer, recorded)).toBe(0);
  expect(recorded.twice).toBe(0);
  expect(writer.failures.size, JSON.stringify([...writer.failures])).toBe(0);
  return readdirSync(folder.path).filter((entry) => /-\d{12}\.jsonl$/.test(entry)).length;
}

export const canMount = process.getuid?.() === 0;

/** A small disk fills up and is freed again: refused while it is full, served again after. */
export async function fillDisk(load: Load = {}): Promise<void> {
  await using folder = createFolder();
  const mount = join(folder.path, 'small');
  mkdirSync(mount);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', mount]);
  try {
    const file = join(mount, 'audit.jsonl');
    const hog = join(mount, 'hog');
    const writer = startWriter({ file, inFlight: 4, pauseMs: 20, ms: 2_500, ...load });
    await writer.until('ready');
    expect(() => fill(hog)).toThrow('ENOSPC');
    await writer.until('suspended');
    await setTimeout(300);
    rmSync(hog);
    await writer.ended();
    expect(writer.said.get('suspended')).toBe('ENOSPC');
    expect(writer.said.get('state'), writer.stderr()).toBe('ok');
    const recorded = readRecorded(file);
    expect(verify(file).state).toBe('intact');
    expect(lostOf(writer, recorded)).toBe(0);
  } finally {
    execFileSync('umount', ['-l', mount]);
  }
}

function fill(file: string): never {
  for (;;) writeFileSync(file, Buffer.alloc(32_768), { flag: 'a' });
}
