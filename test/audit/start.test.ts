import { createHash } from 'node:crypto';
import { afterAll, expect, test } from 'vitest';
import { fill } from './fault-world.ts';
import { createMemoryDisk } from './memory-disk.ts';
import { createClock, createKeys, openInline, settled, verify } from './world.ts';

const FILE = '/log/audit.jsonl';
const { folder, ...keys } = createKeys();
afterAll(() => folder[Symbol.asyncDispose]());

/** A log of so many segments that was closed, and what starts it again. */
async function closedLog(segments = 1, clock = createClock(), options = {}) {
  const disk = createMemoryDisk();
  const audit = await openInline(disk, clock, { ...keys, ...options });
  for (let closed = 1; closed < segments; closed += 1) {
    await settled(clock, fill(audit, 2));
    audit.reopen();
  }
  await settled(clock, fill(audit, 2));
  await settled(clock, audit.close());
  const start = (changes = {}) => settled(clock, openInline(disk, clock, { ...keys, ...changes }));
  return { disk, start, whole: Buffer.from(disk.read(FILE)) };
}

const entriesIn = (bytes: Buffer) =>
  bytes
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

test('a torn end is kept beside the log, and the log says where, how long, and with which hash', async () => {
  const { disk, start, whole } = await closedLog();
  const torn = Buffer.from('{"decision_id":"never acknowledged');
  disk.write(FILE, Buffer.concat([whole, torn]));
  await start();
  disk.crash(() => 0);
  const recovered = entriesIn(disk.read(FILE)).find(({ kind }) => kind === 'recovered')?.recovered;
  expect(recovered).toEqual({
    bytes: torn.length,
    file: expect.stringMatching(/^audit\.jsonl\.torn-\d+$/),
    sha256: createHash('sha256').update(torn).digest('hex'),
    why: 'the last line is incomplete',
  });
  expect(disk.read(`/log/${recovered.file}`)).toEqual(torn);
  expect(verify(FILE, disk).state).toBe('intact');
});

test('if each batch is synced, an end that is longer than any batch is not taken for a torn one', async () => {
  const most = 4 << 20;
  for (const [length, starts] of [
    [most, true],
    [most + 1, false],
  ] as const) {
    const { disk, start, whole } = await closedLog();
    disk.write(FILE, Buffer.concat([whole, Buffer.alloc(length, 'x')]));
    const started = start();
    if (starts) await started;
    else await expect(started).rejects.toThrow(/the last line is incomplete; put back/);
  }
});

test('a log that was rewritten and holds together is refused for its checkpoint', async () => {
  const { disk, start, whole } = await closedLog();
  const { whole: other } = await closedLog(1, createClock(1_800_000_000_000));
  disk.write(FILE, other);
  await expect(start()).rejects.toThrow(/entries are not those of the checkpoint; put back/);
  disk.write(FILE, whole);
  await start();
});

test('a checkpoint that its key did not sign is refused, or what it is about is shown as broken', async () => {
  const { disk, start } = await closedLog();
  const note = disk.read(`${FILE}.checkpoint`).toString();
  disk.write(`${FILE}.checkpoint`, Buffer.from(note.replace(/.{9}=*\n$/, 'AAAAAAAA=\n')));
  expect(verify(FILE, disk).state).toBe('tampered');
  await expect(start()).rejects.toThrow(/audit.jsonl.checkpoint is not signed by the key/);
  await start({ onBrokenChain: 'continue' });
  expect(entriesIn(disk.read(FILE)).map(({ kind }) => kind)).toContain('broken');
});

test('a live file of another log is refused, if it begins after what was signed for too', async () => {
  const { disk, start, whole } = await closedLog();
  const other = await closedLog(20, createClock(), { origin: 'test.example/other' });
  disk.write(FILE, other.whole);
  await expect(start()).rejects.toThrow(/audit.jsonl is of another log, test.example\/other; put/);
  disk.write(FILE, whole);
  await start({ origin: 'test.example/other' });
});

test('a live file whose head was changed is refused, even if no checkpoint covers it', async () => {
  const { disk, start, whole } = await closedLog(2);
  disk.remove(`${FILE}.checkpoint`);
  disk.write(FILE, Buffer.from(whole.toString().replace('"kind":"segment"', '"kind":"segmenT"')));
  await expect(start()).rejects.toThrow(/the first line is not a segment head/);
  disk.write(FILE, whole.subarray(0, 50));
  await start();
  expect(disk.read(`${FILE}.torn-head`)).toEqual(whole.subarray(0, 50));
  expect(verify(FILE, disk)).toMatchObject({ state: 'intact', segments: 2 });
});

test('a start goes on after the newest of the segments that were moved, in whatever order they lie', async () => {
  const { disk, start } = await closedLog(4);
  const { size } = verify(FILE, disk);
  disk.rename(FILE, `${FILE}.1`);
  await start();
  const [head] = entriesIn(disk.read(FILE));
  expect(head.segment).toMatchObject({ first_seq: size, predecessor: { file: 'audit.jsonl.1' } });
  expect(verify(FILE, disk)).toMatchObject({ state: 'intact', segments: 5 });
});

test('a start begins a segment if the origin, key or labels are others, and only then', async () => {
  const other = createKeys();
  for (const changes of [
    { origin: 'test.example/other' },
    { signingKeyFile: other.signingKeyFile },
    { labels: { version: '0.2.0' } },
    {},
  ]) {
    const { disk, start, whole } = await closedLog();
    await start(changes);
    const [head] = entriesIn(disk.read(FILE));
    const same = Object.keys(changes).length === 0;
    expect(head.segment.predecessor?.closed, JSON.stringify(changes)).toBe(
      same ? undefined : 'origin',
    );
    const closed = same ? FILE : `/log/${head.segment.predecessor.file}`;
    expect(disk.read(closed).subarray(0, whole.length)).toEqual(whole);
    expect(verify(FILE, disk)).toMatchObject({ state: 'intact', segments: same ? 1 : 2 });
  }
  await other.folder[Symbol.asyncDispose]();
});
