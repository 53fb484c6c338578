import { execFileSync } from 'node:child_process';
import { mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fileStamp } from '../../src/files/stamp.ts';

const folder = mkdtempSync(join(tmpdir(), 'stamp-'));

test('a FIFO and a device have no stamp, so nobody reads them', async () => {
  const fifo = join(folder, 'fifo');
  execFileSync('mkfifo', [fifo]);
  await expect(fileStamp(fifo)).rejects.toThrow(`${fifo} is not a regular file`);
  await expect(fileStamp('/dev/zero')).rejects.toThrow('/dev/zero is not a regular file');
});

test('a link has the stamp of its target', async () => {
  const file = join(folder, 'file');
  writeFileSync(file, 'one');
  symlinkSync(file, join(folder, 'link'));
  expect(await fileStamp(join(folder, 'link'))).toBe(await fileStamp(file));
});
