import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createStack } from '../../src/app/stack.ts';
import { watchVolume } from '../../src/app/volume.ts';

it('knows the room on the volume of a folder as df does, and nothing of a folder that is not there', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'volume-'));
  const opened = createStack();
  const room = watchVolume(folder, opened);
  const none = watchVolume(join(folder, 'none'), opened);
  await expect.poll(room).toBeDefined();
  const df = execFileSync('df', ['--block-size=1', '--output=size', folder], { encoding: 'utf8' });
  expect(room()?.size).toBe(Number(/\d+\s*$/.exec(df)?.[0]));
  expect(room()?.free).toBeLessThanOrEqual(room()?.size ?? 0);
  expect(none()).toBeUndefined();
  await opened.close();
});
