import { afterAll, expect, test } from 'vitest';
import { createEd25519Signer, makeEd25519Key } from '../../../src/audit/log/signer.ts';
import { Refusal } from '../../../src/errors.ts';
import { BASICS } from '../basics.ts';
import { fill } from '../fault-world.ts';
import { createMemoryDisk, errno, type MemoryDisk } from '../memory-disk.ts';
import { createClock, createKeys, openInline, settled, verify } from '../world.ts';

const FILE = '/log/audit.jsonl';
const MINUTE = 60 * 1000;
const { folder, ...keys } = createKeys();
const own = createEd25519Signer(makeEd25519Key(), BASICS.origin);
afterAll(() => folder[Symbol.asyncDispose]());

async function openWorld(options = {}) {
  const clock = createClock();
  const disk = createMemoryDisk(clock.now);
  const failures: string[] = [];
  const onFailure = (code: string) => failures.push(code);
  const audit = await openInline(disk, clock, { ...keys, onFailure, ...options });
  const closed = () => disk.list('/log').filter((name) => /-\d{12}\.jsonl$/.test(name));
  const end = () => settled(clock, audit.close());
  return { audit, clock, disk, closed, failures, end };
}

test('a segment is closed at its maximum age, and the next one links to it', async () => {
  const { audit, clock, disk, closed, end } = await openWorld({ maxAgeMs: 24 * MINUTE });
  await settled(clock, fill(audit, 4));
  await clock.pass(23 * MINUTE);
  expect(closed()).toEqual([]);
  await clock.pass(1.1 * MINUTE);
  expect(closed()).toHaveLength(1);
  await end();
  const [head = ''] = disk.read(FILE).toString().split('\n');
  expect(JSON.parse(head).segment.predecessor).toMatchObject({ file: closed()[0], closed: 'age' });
  expect(verify(FILE, disk)).toMatchObject({ state: 'intact', segments: 2, firstSeq: 0 });
});

test('a segment ages across restarts, and is closed when the clock steps far back', async () => {
  const { clock, disk, closed, end } = await openWorld({ maxAgeMs: 24 * MINUTE });
  await clock.pass(23 * MINUTE);
  await end();
  expect(closed()).toEqual([]);
  const again = { ...keys, maxAgeMs: 24 * MINUTE };
  const next = await openInline(disk, clock, again);
  await clock.pass(1.1 * MINUTE);
  expect(closed()).toHaveLength(1);
  await settled(clock, next.close());
  const early = createClock(clock.now() - 60 * MINUTE);
  const last = await openInline(disk, early, again);
  await early.pass(1000);
  expect(closed()).toHaveLength(2);
  await settled(early, last.close());
});

test('closed segments older than keepMs are deleted, and the log records which', async () => {
  const { audit, clock, disk, closed, end } = await openWorld({
    maxAgeMs: MINUTE,
    keepMs: 3 * MINUTE,
  });
  await settled(clock, fill(audit, 4));
  await clock.pass(1.5 * MINUTE);
  const [oldest = ''] = closed();
  await clock.pass(2 * MINUTE);
  expect(closed()).toContain(oldest);
  await clock.pass(2 * MINUTE);
  expect(closed()).not.toContain(oldest);
  await end();
  const verdict = verify(FILE, disk);
  expect(verdict).toMatchObject({ state: 'intact', signed: verdict.size });
  expect(verdict.firstSeq).toBeGreaterThan(0);
  const files = [...closed().map((name) => `/log/${name}`), FILE];
  const told = files.map((path) => disk.read(path).toString()).join('');
  expect(told).toMatch(/"kind":"retention"/);
});

test('whenever the process dies, the entry about deleted segments is signed for', async () => {
  const options = { maxAgeMs: 10_000, keepSegments: 1, checkpointMs: 60_000 };
  const { clock, disk, end } = await openWorld(options);
  for (let step = 0; step < 600; step += 1) {
    await clock.pass(100);
    expect(verify(FILE, disk).problem).toBeUndefined();
  }
  expect(verify(FILE, disk).firstSeq).toBeGreaterThan(10);
  await end();
});

test('a segment that was put back from an archive keeps those after it, so that the log has no gap', async () => {
  const { audit, clock, disk, closed, end } = await openWorld({
    maxAgeMs: 10_000,
    keepMs: 30_000,
  });
  await settled(clock, fill(audit, 4));
  await clock.pass(25_000);
  const [oldest = ''] = closed().toSorted();
  const copy = Buffer.from(disk.read(`/log/${oldest}`));
  disk.remove(`/log/${oldest}`);
  disk.write(`/log/${oldest}`, copy);
  await clock.pass(30_000);
  expect(closed()).toContain(oldest);
  expect(verify(FILE, disk)).toMatchObject({ state: 'intact', firstSeq: 0 });
  await clock.pass(10_000);
  expect(closed()).not.toContain(oldest);
  await end();
  expect(verify(FILE, disk).state).toBe('intact');
});

/** As a full disk does, takes what fits and no more. */
function limitRoom(disk: MemoryDisk, roomBytes: number): void {
  const bytesOf = (name: string) => disk.facts(`/log/${name}`)?.bytes ?? 0;
  const used = () => disk.list('/log').reduce((sum, name) => sum + bytesOf(name), 0);
  const most = used() + roomBytes;
  disk.fault = (call) => {
    if (call !== 'write') return undefined;
    if (used() >= most) throw errno('ENOSPC');
    return most - used();
  };
}

test('a full disk gets room once closed segments are too old, and the log records which were deleted', async () => {
  const { audit, clock, disk, closed, end } = await openWorld({
    maxAgeMs: 10_000,
    keepMs: 30_000,
  });
  await settled(clock, fill(audit, 100));
  await clock.pass(12_000);
  const [oldest = ''] = closed();
  // With the reserve kept, there is room for `suspended` and no other entry.
  limitRoom(disk, 300);
  await expect(settled(clock, fill(audit, 1))).rejects.toThrow(Refusal);
  await clock.pass(15_000);
  expect(audit.status()).toMatchObject({ state: 'suspended', code: 'ENOSPC' });
  expect(closed()).toContain(oldest);
  await clock.pass(20_000);
  expect(audit.status().state).toBe('ok');
  expect(closed()).not.toContain(oldest);
  await settled(clock, fill(audit, 4));
  await end();
  expect(verify(FILE, disk).state).toBe('intact');
  const files = [...closed().map((name) => `/log/${name}`), FILE];
  const told = files.map((path) => disk.read(path).toString()).join('');
  expect(told).toContain(`"deleted":[{"file":"${oldest}"`);
});

test('a clock that is years ahead for a while deletes no segment', async () => {
  const kept = 1000 * MINUTE;
  const { audit, clock, disk, closed, end } = await openWorld({ maxAgeMs: MINUTE, keepMs: kept });
  await settled(clock, fill(audit, 4));
  await clock.pass(1.5 * MINUTE);
  await end();
  const before = closed();
  const early = createClock(clock.now());
  let ahead = 0;
  const jumping = { ...early, now: () => early.now() + ahead };
  const again = await openInline(disk, jumping, {
    ...keys,
    keepMs: kept,
    maxAgeMs: 10_000 * MINUTE,
  });
  for (const years of [10, 0, 10, 0]) {
    ahead = years * 365 * 24 * 60 * MINUTE;
    await early.pass(0.5 * MINUTE);
  }
  expect(before.length).toBeGreaterThan(0);
  expect(closed()).toEqual(expect.arrayContaining(before));
  await settled(early, again.close());
});

test('a segment that was closed while the clock was years ahead is deleted in its turn', async () => {
  const clock = createClock();
  let aheadMs = 0;
  const jumping = { ...clock, now: () => clock.now() + aheadMs };
  const disk = createMemoryDisk(jumping.now);
  const closed = () => disk.list('/log').filter((name) => /-\d{12}\.jsonl$/.test(name));
  const options = { ...keys, maxAgeMs: 10_000, keepMs: 30_000 };
  const audit = await openInline(disk, jumping, options);
  await settled(clock, fill(audit, 4));
  await clock.pass(15_000);
  aheadMs = 10 * 365 * 24 * 60 * MINUTE;
  await clock.pass(1_000);
  aheadMs = 0;
  await clock.pass(1_000);
  const before = closed();
  expect(before.length).toBeGreaterThan(2);
  await clock.pass(50_000);
  for (const name of before) expect(closed()).not.toContain(name);
  await settled(clock, audit.close());
  expect(verify(FILE, disk).state).toBe('intact');
});

test('a segment that cannot be closed is written on, and closed once it can', async () => {
  const { audit, clock, disk, closed, failures, end } = await openWorld({ maxAgeMs: 5 * MINUTE });
  let stuck = true;
  disk.fault = (call, path) => {
    if (stuck && call === 'rename' && path === FILE) throw errno('EACCES');
    return undefined;
  };
  for (let minute = 0; minute < 8; minute += 1) {
    await settled(clock, fill(audit, 4));
    await clock.pass(MINUTE);
    expect(audit.status().state).toBe('ok');
  }
  expect(new Set(failures)).toEqual(new Set(['UNROTATED']));
  expect(failures.length).toBeLessThan(5);
  expect(closed()).toEqual([]);
  stuck = false;
  await clock.pass(1.1 * MINUTE);
  expect(closed()).toHaveLength(1);
  await end();
  expect(verify(FILE, disk)).toMatchObject({ state: 'intact', segments: 2 });
});

test('only the oldest of the log’s own closed segments are deleted, whatever lies beside them', async () => {
  const { clock, disk, end } = await openWorld({ maxAgeMs: MINUTE, keepSegments: 2 });
  const others = [
    'other-000000000000.jsonl',
    'audit-000000000000.jsons',
    'audit-2-000000000000.jsonl',
    'audit-0000.jsonl',
    'audit-000000000000.jsonl.gz',
  ];
  for (const name of others) disk.write(`/log/${name}`, Buffer.from('not of this log\n'));
  const own = () => disk.list('/log').filter((name) => /^audit-\d{12}\.jsonl$/.test(name));
  const all = new Set<string>();
  for (let minute = 0; minute < 4; minute += 1) {
    await clock.pass(1.1 * MINUTE);
    for (const name of own()) all.add(name);
  }
  expect(all.size).toBeGreaterThan(3);
  expect(own().toSorted()).toEqual([...all].toSorted().slice(-2));
  expect(disk.list('/log')).toEqual(expect.arrayContaining(others));
  await end();
});

test('segments that cannot be deleted are logged once, and do not stop the log', async () => {
  const { audit, clock, disk, closed, failures, end } = await openWorld({
    ...{ maxAgeMs: MINUTE, keepSegments: 1 },
  });
  let stuck = true;
  disk.fault = (call, path) => {
    if (stuck && call === 'remove' && /-\d+\.jsonl$/.test(path)) throw errno('EPERM');
    return undefined;
  };
  await settled(clock, fill(audit, 4));
  await clock.pass(4.5 * MINUTE);
  await settled(clock, fill(audit, 4));
  expect(new Set(failures)).toEqual(new Set(['UNDELETED']));
  expect(failures.length).toBeLessThan(6);
  const files = [...closed().map((name) => `/log/${name}`), FILE];
  const text = files.map((path) => disk.read(path).toString()).join('');
  const named = [...text.matchAll(/"file":"(audit-\d+\.jsonl)","first_seq"/g)].map(
    ([, name]) => name,
  );
  expect(named.length).toBeGreaterThan(1);
  expect(new Set(named).size).toBe(named.length);
  expect(text).not.toContain('"kind":"suspended"');
  expect(verify(FILE, disk).state).toBe('intact');
  stuck = false;
  await clock.pass(2 * MINUTE);
  expect(closed()).toHaveLength(1);
  await end();
  expect(verify(FILE, disk).state).toBe('intact');
});

test('entries do not wait for a disk that takes long to delete many segments', async () => {
  const { clock, disk, closed, end } = await openWorld({ maxAgeMs: 10_000 });
  await clock.pass(65_000);
  await end();
  expect(closed().length).toBeGreaterThan(5);
  let heldMs = 0;
  const at: number[] = [];
  disk.fault = (call, path) => {
    if (call === 'remove' && /-\d{12}\.jsonl$/.test(path)) {
      at.push(clock.now());
      heldMs += 300;
    }
    return undefined;
  };
  const slow = { ...clock, now: () => clock.now() + heldMs };
  const again = await openInline(disk, slow, { ...keys, keepSegments: 1 });
  await clock.pass(5_000);
  expect(closed()).toHaveLength(1);
  expect(new Set(at).size).toBe(at.length);
  await settled(clock, again.close());
  expect(verify(FILE, disk).state).toBe('intact');
});

test('no segment is deleted before it is signed, however many or old there are', async () => {
  let well = false;
  const sign = async (text: Uint8Array) => {
    if (!well) throw new Error('the KMS is away');
    return own.sign(text);
  };
  const { audit, clock, disk, closed, end } = await openWorld({
    signer: { ...own, sign },
    ...{ maxAgeMs: MINUTE, keepMs: MINUTE, keepSegments: 1 },
  });
  await settled(clock, fill(audit, 4));
  await clock.pass(10 * MINUTE);
  expect(closed().length).toBeGreaterThan(5);
  well = true;
  await clock.pass(1.1 * MINUTE);
  expect(closed()).toHaveLength(1);
  await end();
  expect(verify(FILE, disk).state).toBe('intact');
});
