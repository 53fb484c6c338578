import { afterAll, expect, test } from 'vitest';
import { fill } from './fault-world.ts';
import { createMemoryDisk, errno, type MemoryDisk } from './memory-disk.ts';
import { callOf, judged } from './samples.ts';
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
  ['without create', move],
  ['with create', moveAndCreate],
])('a log whose file is moved %s refuses no call before SIGHUP', async (_, how) => {
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
  ['without create', 'RENAMED', move],
  ['with create', 'REPLACED', moveAndCreate],
])('a log whose file is moved %s suspends within a second without SIGHUP', async (_, code, how) => {
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
])('a log whose file is moved and then %s suspends at the next look', async (_, code, meddle) => {
  const { clock, disk, failures, audit } = await moved((disk) => move(disk));
  meddle(disk);
  await clock.pass(300);
  expect(failures).toEqual([code]);
  await settled(clock, audit.close());
});

test('a start continues a log whose file was moved before the last process ended', async () => {
  const { clock, disk, audit } = await moved(move);
  await settled(clock, audit.close());
  expect(disk.facts(FILE)).toBeUndefined();
  const again = await settled(clock, openInline(disk, clock, keys));
  await settled(clock, fill(again, 3));
  await settled(clock, again.close());
  expect(verify(FILE, disk)).toMatchObject({ state: 'intact', segments: 2, firstSeq: 0 });
});

/** The log as a version of the proxy with another schema would write it. */
async function ofNextVersion() {
  const { clock, disk, audit } = await moved(() => undefined);
  await settled(clock, audit.close());
  const [head = '', ...lines] = Buffer.from(disk.read(FILE)).toString().split('\n');
  const next = head.replace(/"schema":\d+/, '"schema":99').replace('0.1.0', '0.2.0');
  disk.write(FILE, Buffer.from([next, ...lines].join('\n')));
  return { clock, disk };
}

test('a start and a verifier tell a log of another version from a damaged one', async () => {
  const { clock, disk } = await ofNextVersion();
  const told = /by version 0\.2\.0 of the proxy, in schema 99.* use that one/;
  expect(verify(FILE, disk).problem?.why).toMatch(told);
  // Not even if told so: the log is not broken, and the version that wrote it still reads it.
  for (const onBrokenChain of ['refuse', 'continue'] as const) {
    const start = openInline(disk, clock, { ...keys, onBrokenChain });
    await expect(settled(clock, start)).rejects.toThrow(
      /schema 2 alone; use that one, or give this one a new audit\.file$/,
    );
  }
});

test('a start does not continue after a closed segment that has lost its head', async () => {
  const { clock, disk, audit } = await moved(() => undefined);
  audit.reopen();
  await settled(clock, audit.close());
  const [closed] = disk.list('/log').filter((name) => /-\d{12}\.jsonl$/.test(name));
  disk.write(`/log/${closed}`, Buffer.from('x\n'));
  disk.remove(FILE);
  disk.remove(`${FILE}.checkpoint`);
  await expect(settled(clock, openInline(disk, clock, keys))).rejects.toThrow('not a segment head');
});

test('a log whose file is removed is saved whole from what is still open, and goes on', async () => {
  const { clock, disk, failures, audit } = await moved(() => undefined);
  const large = callOf(7, { job: 'j'.repeat(1_200_000) });
  await settled(clock, audit.intent(judged(7, { call: large, intended: true })));
  const before = disk.read(FILE);
  disk.remove(FILE);
  await clock.pass(1_000);
  expect(failures).toEqual(['REMOVED']);
  expect(disk.read('/log/audit-000000000000.jsonl').equals(before)).toBe(true);
  await settled(clock, audit.close());
  expect(verify(FILE, disk)).toMatchObject({ state: 'intact', segments: 2, firstSeq: 0 });
});

test('a log goes on whole once its folder is back, as with a volume that is mounted again', async () => {
  const { clock, disk, failures, audit } = await moved((at) => {
    at.rename(FILE, '/away/audit.jsonl');
    at.fault = (call, path) => {
      if (call === 'open' && path.startsWith('/log/')) throw errno('ENOENT');
      return undefined;
    };
  });
  await clock.pass(5_000);
  expect(failures).toEqual(['RENAMED']);
  disk.fault = () => undefined;
  disk.rename('/away/audit.jsonl', FILE);
  await clock.pass(1_000);
  await settled(clock, fill(audit, 3));
  await settled(clock, audit.close());
  expect(verify(FILE, disk)).toMatchObject({ state: 'intact', segments: 2, firstSeq: 0 });
});

test('a file that someone else put in the place of the log is neither written nor lost', async () => {
  const theirs = Buffer.from('theirs\n');
  const { clock, disk, failures, audit } = await moved((at) => {
    move(at);
    at.write(FILE, theirs);
  });
  await clock.pass(1_000);
  expect(failures).toEqual(['REPLACED']);
  await settled(clock, audit.close());
  expect(disk.read(`${FILE}.foreign`)).toEqual(theirs);
  expect(verify(FILE, disk)).toMatchObject({ state: 'intact', segments: 2 });
});
