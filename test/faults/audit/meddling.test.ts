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
import { expect, test } from 'vitest';
import { createFolder, verify } from '../../audit/world.ts';
import { reportTrials, trials } from '../trials.ts';
import { lostOf, readRecorded, startWriter } from './process.ts';

const touches: Readonly<Record<string, readonly [string, (file: string) => void]>> = {
  remove: ['REMOVED', (file) => rmSync(file)],
  rename: ['RENAMED', (file) => renameSync(file, `${file}.1`)],
  truncate: ['TRUNCATED', (file) => truncateSync(file, statSync(file).size >> 1)],
  chmod: ['MODE_CHANGED', (file) => chmodSync(file, 0o644)],
};

test.each(Object.entries(touches))(
  'F7: %s under load is noticed within a second, and nothing else is lost',
  async (name, [code, touch]) => {
    const count = trials(20);
    const noticed: number[] = [];
    for (let trial = 0; trial < count; trial += 1) {
      await using folder = createFolder();
      const writer = startWriter({ file: folder.file, inFlight: 8, pauseMs: 3, ms: 1_800 });
      await writer.until('ready');
      await setTimeout(150);
      touch(folder.file);
      const from = performance.now();
      await writer.until('suspended');
      noticed.push(performance.now() - from);
      await writer.ended();
      expect(writer.said.get('suspended')).toBe(code);
      expect(writer.said.get('state')).toBe('ok');
      const { state } = verify(folder.file);
      const cut = name === 'truncate';
      expect(state, `${name}, trial ${trial}`).toBe(cut ? 'tampered' : 'intact');
      if (!cut) expect(lostOf(writer, readRecorded(folder.file))).toBe(0);
    }
    const worst = Math.round(Math.max(...noticed));
    reportTrials({
      fault: `audit F7 ${name}`,
      trials: count,
      injections: noticed.length,
      ...{ noticed_ms_max: worst },
    });
    expect(worst).toBeLessThan(1_000);
  },
);

test('F8: rotation by size and SIGHUP storms under load: no entry lost, no seq twice', async () => {
  const count = trials(20);
  let rotations = 0;
  for (let trial = 0; trial < count; trial += 1) {
    await using folder = createFolder();
    const options = { maxBytes: 30_000 };
    const writer = startWriter({
      file: folder.file,
      inFlight: 16,
      pauseMs: 12,
      ms: 2_000,
      options,
    });
    await writer.until('ready');
    for (let storm = 0; storm < 40; storm += 1) {
      writer.child.kill('SIGHUP');
      await setTimeout(20);
    }
    await writer.ended();
    const recorded = readRecorded(folder.file);
    expect(verify(folder.file).state).toBe('intact');
    expect(lostOf(writer, recorded)).toBe(0);
    expect(recorded.twice).toBe(0);
    expect(writer.failures.size, JSON.stringify([...writer.failures])).toBe(0);
    rotations += readdirSync(folder.path).filter((entry) => /-\d{12}\.jsonl$/.test(entry)).length;
  }
  reportTrials({ fault: 'audit F8 rotations', trials: count, injections: rotations });
});

test.skipIf(process.getuid?.() !== 0)(
  'F4: a disk that fills up and is freed again: refused while full, served again after',
  async () => {
    const count = trials(50);
    let filled = 0;
    for (let trial = 0; trial < count; trial += 1) {
      await using folder = createFolder();
      const mount = join(folder.path, 'small');
      mkdirSync(mount);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', mount]);
      try {
        const file = join(mount, 'audit.jsonl');
        const hog = join(mount, 'hog');
        const writer = startWriter({ file, inFlight: 4, pauseMs: 20, ms: 2_500 });
        await writer.until('ready');
        try {
          for (;;) writeFileSync(hog, Buffer.alloc(32_768), { flag: 'a' });
        } catch {
          filled += 1;
        }
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
    reportTrials({ fault: 'audit F4 full disk', trials: count, injections: filled });
  },
);
