import { afterAll, expect, test } from 'vitest';
import type { Disk } from '../../../src/audit/log/disk.ts';
import { collectLogs } from '../../../src/audit/verify/collect.ts';
import { readEntries } from '../../../src/audit/verify/entries.ts';
import { createFollower } from '../../../src/audit/verify/follow.ts';
import { fill } from '../fault-world.ts';
import { createMemoryDisk, errno, type MemoryDisk } from '../memory-disk.ts';
import { createClock, createKeys, openInline, settled, verify } from '../world.ts';

const FILE = '/log/audit.jsonl';
const { folder, ...keys } = createKeys();
afterAll(() => folder[Symbol.asyncDispose]());

test('a follower does not read past the last acknowledged entry of a faulty segment', async () => {
  const clock = createClock();
  const disk = createMemoryDisk(clock.now);
  const audit = await openInline(disk, clock, keys);
  await settled(clock, fill(audit, 6));
  // The sync fails, and then the file cannot be cut back either: whole lines stay behind.
  disk.fault = (call) => {
    if (call === 'sync' || call === 'truncate') throw errno('EIO');
    return undefined;
  };
  await settled(clock, fill(audit, 1)).catch(() => undefined);
  disk.fault = () => undefined;
  await clock.pass(1_000);
  await settled(clock, fill(audit, 6));
  await settled(clock, audit.close());
  const { abandonedBytes, size, state } = verify(FILE, disk);
  expect({ state, left: abandonedBytes > 0 }).toEqual({ state: 'intact', left: true });
  const follower = createFollower(disk, FILE, 0);
  const followed = [...follower.read(size)].map(({ bytes }) => bytes.toString());
  const [log] = collectLogs(disk, FILE);
  expect(followed).toEqual(Array.from(readEntries(disk, log!), ({ bytes }) => bytes.toString()));
  follower.close();
});

test.each([
  ['closes its first segment', 0, (_: MemoryDisk) => undefined],
  ['closes a later segment', 2, (_: MemoryDisk) => undefined],
  ['has its file moved', 0, (disk: MemoryDisk) => disk.rename(FILE, `${FILE}.1`)],
])('no entry is missed when a log %s at any moment of a read', async (_, before, move) => {
  for (let moment = 1; moment <= 12; moment += 1) {
    const clock = createClock();
    const disk = createMemoryDisk(clock.now);
    const audit = await openInline(disk, clock, keys);
    for (let closed = 0; closed < before; closed += 1) {
      await settled(clock, fill(audit, 1));
      audit.reopen();
    }
    await settled(clock, fill(audit, 1));
    const from = seqOf(disk);
    await settled(clock, fill(audit, 1));
    let calls = 0;
    const rotating = onEachCall(disk, () => {
      calls += 1;
      if (calls !== moment) return;
      move(disk);
      audit.reopen();
    });
    const follower = createFollower(rotating, FILE, from);
    const seqs = [];
    for (let look = 0; look < 8; look += 1) {
      for (const { seq } of follower.read(Number.MAX_SAFE_INTEGER)) seqs.push(seq);
    }
    const told = `at call ${moment}`;
    expect(follower.missed(), told).toBe(0);
    const all = Array.from({ length: seqOf(disk) - from }, (_, index) => from + index);
    expect(seqs, told).toEqual(all);
    follower.close();
    await settled(clock, audit.close());
  }
});

test('a segment that is deleted at any moment of a read ends neither a follower nor a reader', async () => {
  const clock = createClock();
  const first = '/log/audit-000000000000.jsonl';
  const disk = createMemoryDisk(clock.now);
  const audit = await openInline(disk, clock, keys);
  for (let closed = 0; closed < 3; closed += 1) {
    await settled(clock, fill(audit, 1));
    audit.reopen();
  }
  await settled(clock, audit.close());
  const size = seqOf(disk);
  const [oldest, second] = collectLogs(disk, FILE)[0]!.segments;
  const content = Buffer.from(disk.read(oldest!.path));
  for (let moment = 1; moment <= 16; moment += 1) {
    disk.write(first, content);
    let calls = 0;
    const deleting = onEachCall(disk, () => {
      calls += 1;
      if (calls === moment) disk.remove(first);
    });
    const from = second!.head!.chain.seq;
    const follower = createFollower(deleting, FILE, from);
    expect([...follower.read(size)], `at call ${moment}`).toHaveLength(size - from);
    follower.close();
    calls = 0;
    disk.write(first, content);
    expect(collectLogs(deleting, FILE)[0]!.segments.at(-1)!.path, `at call ${moment}`).toBe(FILE);
  }
});

test('nothing is missing in a log that closes a segment each time that it is looked at', async () => {
  const clock = createClock();
  const disk = createMemoryDisk(clock.now);
  const audit = await openInline(disk, clock, keys);
  let closed = 0;
  const rotating: Disk = {
    ...disk,
    open(path, how) {
      if (path === FILE && closed < 12) {
        closed += 1;
        audit.reopen();
      }
      return disk.open(path, how);
    },
  };
  expect(verify(FILE, rotating)).toMatchObject({ state: 'intact', segments: 13 });
  await settled(clock, audit.close());
});

/** Seq after the last line of the live file. */
function seqOf(disk: MemoryDisk): number {
  const lines = disk.read(FILE).toString().trimEnd().split('\n');
  return JSON.parse(lines.at(-1)!).seq + 1;
}

/** Runs `act` before each call that looks at a folder or at a name in it. */
function onEachCall(disk: MemoryDisk, act: () => void): Disk {
  return {
    ...disk,
    list(folder) {
      act();
      return disk.list(folder);
    },
    facts(path) {
      act();
      return disk.facts(path);
    },
    open(path, how) {
      act();
      return disk.open(path, how);
    },
  };
}
