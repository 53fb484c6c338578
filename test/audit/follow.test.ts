import { afterAll, expect, test } from 'vitest';
import { collectLogs } from '../../src/audit/verify/collect.ts';
import { readEntries } from '../../src/audit/verify/entries.ts';
import { createFollower } from '../../src/audit/verify/follow.ts';
import { fill } from './fault-world.ts';
import { createMemoryDisk, errno } from './memory-disk.ts';
import { createClock, createKeys, openInline, settled, verify } from './world.ts';

const FILE = '/log/audit.jsonl';
const { folder, ...keys } = createKeys();
afterAll(() => folder[Symbol.asyncDispose]());

test('what a faulty segment holds beyond its last acknowledged entry is not followed', async () => {
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
  expect(followed).toEqual([...readEntries(disk, log!)].map(({ bytes }) => bytes.toString()));
  follower.close();
});
