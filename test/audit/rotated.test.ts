import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { createNodeDisk } from '../../src/audit/log/disk.ts';
import { collectLogs, type LogFiles } from '../../src/audit/verify/collect.ts';
import { readEntries } from '../../src/audit/verify/entries.ts';
import { unpacking } from '../../src/audit/verify/packed.ts';
import { verifyLog } from '../../src/audit/verify/verify.ts';
import { fill } from './fault-world.ts';
import { createFolder, type Folder, openAudit } from './world.ts';

const disk = unpacking(createNodeDisk());
const verify = (log: LogFiles | undefined) =>
  verifyLog(log!, { disk, checkpoints: [], keys: [], onProgress: () => undefined });

/** A log of two segments: `back` undoes the rotation to the second, `on` redoes it. */
async function rotated(folder: Folder) {
  const { file } = folder;
  const audit = await openAudit(file, { checkpointMs: 1_000_000 });
  await fill(audit, 3);
  audit.reopen();
  await expect.poll(() => disk.list(folder.path)).toContain(CLOSED);
  await audit.close();
  const [closed, next] = [join(folder.path, CLOSED), join(folder.path, 'next')];
  return {
    closed,
    back() {
      renameSync(file, next);
      renameSync(closed, file);
      renameSync(`${file}.checkpoint`, `${next}.checkpoint`);
    },
    on() {
      renameSync(file, closed);
      renameSync(next, file);
      renameSync(`${next}.checkpoint`, `${file}.checkpoint`);
    },
  };
}

const CLOSED = 'audit-000000000000.jsonl';

test.each([
  ['closed', () => {}],
  [
    'closed and packed',
    (closed: string) => {
      writeFileSync(`${closed}.gz`, gzipSync(readFileSync(closed)));
      rmSync(closed);
    },
  ],
  ['moved', (closed: string) => renameSync(closed, closed.replace(CLOSED, 'audit.jsonl.1'))],
])('a segment that is %s while its log is read is read to its end', async (_, change) => {
  await using folder = createFolder();
  const { closed, back, on } = await rotated(folder);
  back();
  const [log] = collectLogs(disk, folder.file);
  on();
  change(closed);
  const { state, size, problem } = verify(log);
  expect([state, problem]).toEqual(['intact', undefined]);
  expect(size).toBeGreaterThan(3);
  expect([...readEntries(disk, log!)].map(({ seq }) => seq)).toEqual([...Array(size).keys()]);
});

test('a segment that begins while segments are listed is not missed', async () => {
  await using folder = createFolder();
  const { back, on } = await rotated(folder);
  // How much is signed for depends on whether the checkpoint was logged before the log was closed.
  const { signed: _, vouched: __, ...whole } = verify(collectLogs(disk, folder.file)[0]);
  back();
  let moves = [on];
  const moving = {
    ...disk,
    list(path: string) {
      const names = disk.list(path);
      for (const move of moves) move();
      moves = [];
      return names;
    },
  };
  expect(verify(collectLogs(moving, folder.file)[0])).toMatchObject(whole);
});

test('deleting a segment while its log is read is an error, not a verdict', async () => {
  await using folder = createFolder();
  const { closed } = await rotated(folder);
  const [log] = collectLogs(disk, folder.file);
  rmSync(closed);
  expect(() => verify(log)).toThrow(`${closed} was moved or deleted while the log was read`);
});

test('a log copied while in use, the live file first, is intact', async () => {
  await using folder = createFolder();
  const { file } = folder;
  const { closed, back, on } = await rotated(folder);
  back();
  const early = readFileSync(file);
  on();
  const { size } = verify(collectLogs(disk, file)[0]);
  const [next, checkpoint] = [readFileSync(file), `${file}.checkpoint`];
  rmSync(checkpoint);
  for (const copied of [early, early.subarray(0, -7)]) {
    writeFileSync(file, copied);
    const [log] = collectLogs(disk, file);
    const first = log?.segments[0];
    expect(first?.name).toBe(closed);
    expect(verify(log)).toMatchObject({ state: 'intact', segments: 1 });
    expect([...readEntries(disk, log!)].length).toBe(size - next.toString().split('\n').length + 1);
  }
  early[early.indexOf('"kind"') + 1] = 'q'.charCodeAt(0);
  writeFileSync(file, early);
  expect(verify(collectLogs(disk, file)[0])).toMatchObject({ state: 'tampered' });
});
