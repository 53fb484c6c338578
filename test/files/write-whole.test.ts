import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { writeWhole } from '../../src/files/write-whole.ts';

const temporaryFolder = () => mkdtempSync(join(tmpdir(), 'krp-whole-'));

it('replaces the whole file, and writes nothing into the one before', async () => {
  const folder = temporaryFolder();
  const [file, reader] = [join(folder, 'file'), join(folder, 'still-open')];
  writeFileSync(file, 'older');
  linkSync(file, reader);
  await writeWhole(file, Buffer.from('new'), 0o600);
  expect([file, reader].map((path) => readFileSync(path, 'utf8'))).toEqual(['new', 'older']);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

it('leaves nothing behind if it cannot be put in place', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'file');
  mkdirSync(join(file, 'in the way'), { recursive: true });
  await expect(writeWhole(file, Buffer.from('new'), 0o600)).rejects.toThrow('rename');
  expect(readdirSync(folder)).toEqual(['file']);
});
