import { afterAll, expect, test } from 'vitest';
import { fill } from './fault-world.ts';
import { createMemoryDisk, type MemoryDisk } from './memory-disk.ts';
import { createClock, createKeys, openInline, settled, verify } from './world.ts';

const FILE = '/log/audit.jsonl';
const { folder, ...keys } = createKeys();
afterAll(() => folder[Symbol.asyncDispose]());

const move = (disk: MemoryDisk) => disk.rename(FILE, `${FILE}.1`);

/** As logrotate does with `create`. */
function moveAndCreate(disk: MemoryDisk): void {
  move(disk);
  disk.open(FILE, 'create').close();
}

async function moved(how: (disk: MemoryDisk) => void) {
  const clock = createClock();
  const disk = createMemoryDisk(clock.now);
  const failures: string[] = [];
  const onFailure = (code: string) => failures.push(code);
  const audit = await openInline(disk, clock, { ...keys, onFailure });
  await settled(clock, fill(audit, 3));
  await clock.pass(1_000);
  how(disk);
  return { clock, disk, failures, audit };
}

test.each([
  ['only', move],
  ['with create', moveAndCreate],
])('a file that is moved, %s, refuses no call until SIGHUP comes', async (_, how) => {
  const { clock, disk, failures, audit } = await moved(how);
  for (let waited = 0; waited < 600; waited += 100) {
    await settled(clock, fill(audit, 1));
    await clock.pass(90);
  }
  audit.reopen();
  await settled(clock, fill(audit, 3));
  await clock.pass(2_000);
  await settled(clock, audit.close());
  expect(failures).toEqual([]);
  expect(verify(FILE, disk)).toMatchObject({ state: 'intact', segments: 2, firstSeq: 0 });
  expect(disk.list('/log').filter((name) => name.includes('foreign'))).toEqual([]);
});

test.each([
  ['and no SIGHUP comes', 'RENAMED', move],
  ['and no SIGHUP comes, with create', 'REPLACED', moveAndCreate],
])('a file that is moved, %s, suspends within a second', async (_, code, how) => {
  const { clock, disk, failures, audit } = await moved(how);
  await clock.pass(999);
  expect(failures).toEqual([code]);
  await clock.pass(1_000);
  await settled(clock, fill(audit, 1));
  await settled(clock, audit.close());
  expect(verify(FILE, disk)).toMatchObject({ state: 'intact', segments: 2 });
});

test.each([
  ['removed', 'REMOVED', (disk: MemoryDisk) => disk.remove(`${FILE}.1`)],
  [
    'written to',
    'RENAMED',
    (disk: MemoryDisk) => disk.open(`${FILE}.1`, 'append').write(Buffer.from('x\n')),
  ],
])('a file that is moved and then %s suspends at the next look', async (_, code, meddle) => {
  const { clock, disk, failures, audit } = await moved((disk) => move(disk));
  meddle(disk);
  await clock.pass(300);
  expect(failures).toEqual([code]);
  await settled(clock, audit.close());
});
