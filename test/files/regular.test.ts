import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readRegular } from '../../src/files/regular.ts';

const folder = mkdtempSync(join(tmpdir(), 'regular-'));

it('only a regular file is read, and none stays open', () => {
  const [file, fifo] = [join(folder, 'file'), join(folder, 'fifo')];
  writeFileSync(file, 'content');
  execFileSync('mkfifo', [fifo]);
  const open = () => readdirSync('/proc/self/fd').length;
  const before = open();
  for (let times = 0; times < 20; times += 1) {
    expect(readRegular(file).toString()).toBe('content');
    for (const path of [fifo, folder, '/dev/zero']) {
      expect(() => readRegular(path)).toThrow(`${path} is not a regular file`);
    }
  }
  expect(open() - before).toBeLessThan(20);
});

it('a file of more than 16 MiB is not read', () => {
  const file = join(folder, 'large');
  writeFileSync(file, '');
  truncateSync(file, (16 << 20) + 1);
  expect(() => readRegular(file)).toThrow(`${file} is larger than 16777216 bytes`);
  truncateSync(file, 16 << 20);
  expect(readRegular(file)).toHaveLength(16 << 20);
});
