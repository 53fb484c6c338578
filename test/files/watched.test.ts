import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { watchFiles } from '../../src/files/watched.ts';
import { until } from '../helpers/until.ts';

test('a file system that hangs is asked once, not at every interval', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'watched-')), 'file');
  writeFileSync(file, '1');
  const hangs = Promise.withResolvers<string>();
  let asked = 0;
  const watched = await watchFiles({
    files: [file],
    read: async () => {
      asked += 1;
      return asked === 2 ? hangs.promise : String(asked);
    },
    pollMs: 2,
    onError: (error) => {
      throw error;
    },
  });
  writeFileSync(file, 'longer');
  await until(() => asked === 2);
  await new Promise((resolve) => setTimeout(resolve, 40));
  expect([asked, watched.current()]).toEqual([2, '1']);
  hangs.resolve('back');
  await until(() => watched.current() === 'back');
  writeFileSync(file, 'longer still');
  await until(() => watched.current() === '3');
  watched.close();
});
