import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readOrMakeKey } from '../../src/audit/key-file.ts';
import { createFolder } from './world.ts';

test('a key is made once, whole and private, and only where one may be made', async () => {
  await using folder = createFolder();
  const path = join(folder.path, 'new', 'key');
  expect(() => readOrMakeKey(path)).toThrow(`${path}: there is no such key file`);
  const [first, other] = [Buffer.from('first'), Buffer.from('other')];
  expect(readOrMakeKey(path, () => first)).toEqual({ bytes: first, made: true });
  expect(readOrMakeKey(path, () => other)).toEqual({ bytes: first, made: false });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(join(path, '..')).mode & 0o027).toBe(0);
});

test('of two processes that make a key at once, both use the first one’s', async () => {
  await using folder = createFolder();
  const path = join(folder.path, 'key');
  const [first, second] = [Buffer.from('first'), Buffer.from('second')];
  const { bytes } = readOrMakeKey(path, () => {
    writeFileSync(path, first);
    return second;
  });
  expect(bytes).toEqual(first);
  expect(readdirSync(folder.path)).toEqual(['key']);
});

test('a key that could not be made is not there, even in part, and the error says why', async () => {
  await using folder = createFolder();
  const full = () => {
    throw new Error('no space left');
  };
  expect(() => readOrMakeKey(join(folder.path, 'key'), full)).toThrow('no space left');
  expect(readdirSync(folder.path)).toEqual([]);
});
