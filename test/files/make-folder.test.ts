import { mkdtempSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { makeFolder } from '../../src/files/make-folder.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'make-folder-'));
});

test('makes what is missing, and leaves what is there', () => {
  const deep = join(folder, 'a/b');
  makeFolder(deep, 0o750);
  makeFolder(deep, 0o700);
  expect(statSync(deep).mode & 0o777).toBe(0o750);
});

/** On a read-only file system, too, Node.js gives the last folder's name and ENOENT. */
test.each(['a', 'a/b'])('says where and why it ends: %s below a link to nowhere', (below) => {
  const link = join(folder, 'link');
  symlinkSync(join(folder, 'nowhere/else'), link);
  expect(() => makeFolder(join(link, below), 0o750)).toThrow(
    `EEXIST: file already exists, mkdir '${link}'`,
  );
});

test('refuses a file in the way', () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  expect(() => makeFolder(file, 0o750)).toThrow('EEXIST');
  expect(() => makeFolder(join(file, 'a'), 0o750)).toThrow('ENOTDIR');
});

test('ends below /proc, where nothing can be made', () => {
  expect(() => makeFolder('/proc/krp/a', 0o750)).toThrow(
    "ENOENT: no such file or directory, mkdir '/proc/krp'",
  );
});
