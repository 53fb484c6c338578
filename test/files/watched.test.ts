import { mkdtempSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { watchFiles } from '../../src/files/watched.ts';
import { until } from '../helpers/until.ts';

test('a file system that hangs is asked once, not at every interval', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'watched-')), 'file');
  const put = (text: string) => {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };
  put('1');
  const hangs = Promise.withResolvers<string>();
  const changes: string[] = [];
  let asked = 0;
  const watched = await watchFiles({
    files: [file],
    read: async () => {
      asked += 1;
      return asked === 2 ? hangs.promise : String(asked);
    },
    pollMs: 2,
    onChange: (current) => changes.push(current),
    onError: (error) => {
      throw error;
    },
  });
  put('longer');
  await until(() => asked === 2);
  await new Promise((resolve) => setTimeout(resolve, 40));
  expect([asked, watched.current()]).toEqual([2, '1']);
  hangs.resolve('back');
  await until(() => changes.length === 1);
  put('longer still');
  await until(() => changes.length === 2);
  expect(changes).toEqual(['back', '3']);
  watched.close();
});

test('a file of more than 16 MiB is not read, and the last good content stays in use', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'watched-')), 'file');
  writeFileSync(file, 'good');
  const errors: string[] = [];
  let reads = 0;
  const watched = await watchFiles({
    files: [file],
    read: async () => {
      reads += 1;
      return reads;
    },
    pollMs: 2,
    onError: ({ message }) => errors.push(message),
  });
  truncateSync(file, (16 << 20) + 1);
  await until(() => errors.length === 1);
  expect(errors).toEqual([`${file} is larger than 16777216 bytes`]);
  expect(watched.current()).toBe(1);
  watched.close();
});
