import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { parseNote } from '../../src/audit/log/note.ts';
import { Refusal } from '../../src/errors.ts';
import { fill } from './fault-world.ts';
import { createMemoryDisk, errno } from './memory-disk.ts';
import { answered, callOf, idOf, intended, judged } from './samples.ts';
import {
  createClock,
  createFolder,
  createKeys,
  openAudit,
  openInline,
  settled,
  verify,
} from './world.ts';

const FILE = '/log/audit.jsonl';
const { folder, ...keys } = createKeys();
afterAll(() => folder[Symbol.asyncDispose]());

/** A log on a disk in memory, with counts of the writes and syncs of its live file. */
async function openWorld(options = {}) {
  const clock = createClock();
  const disk = createMemoryDisk(clock.now);
  const failures: string[] = [];
  const audit = await openInline(disk, clock, {
    ...keys,
    ...options,
    onFailure: (code) => failures.push(code),
  });
  const done = { write: 0, sync: 0 };
  disk.fault = (call, path) => {
    if (path === FILE && (call === 'write' || call === 'sync')) done[call] += 1;
    return undefined;
  };
  return { audit, clock, disk, done, failures };
}

const kindsIn = (bytes: Buffer) =>
  bytes
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).kind);

test('entries submitted together share one write and one sync', async () => {
  const { audit, clock, done } = await openWorld();
  const all = Array.from({ length: 50 }, (_, number) => audit.intent(intended(number)));
  await settled(clock, Promise.all(all));
  expect(done).toEqual({ write: 1, sync: 1 });
});

test('with durability write no entry waits for a sync, but a checkpoint still does', async () => {
  const { audit, clock, disk, done } = await openWorld({
    durability: 'write',
    checkpointEntries: 1_000,
    checkpointMs: 1_000,
  });
  await settled(clock, fill(audit, 4));
  expect(done.sync).toBe(0);
  await clock.pass(2_000);
  expect(done.sync).toBe(1);
  disk.crash(() => 0);
  const { size } = parseNote(disk.read(`${FILE}.checkpoint`).toString());
  expect(kindsIn(disk.read(FILE))).toHaveLength(size);
});

test('with durability write, a page lost in a power cut costs only what follows the last checkpoint; the log starts', async () => {
  const { audit, clock, disk } = await openWorld({
    ...{ durability: 'write', checkpointEntries: 1_000_000, checkpointMs: 1_000_000 },
  });
  const before = disk.read(FILE).length;
  const job = 'j'.repeat(200_000);
  const refused = (number: number) =>
    audit.terminal(
      judged(number, { call: callOf(number, { job }) }),
      new Refusal('UNAUTHENTICATED'),
    );
  await settled(clock, Promise.all(Array.from({ length: 25 }, (_, number) => refused(number))));
  const holed = Buffer.from(disk.read(FILE));
  disk.write(FILE, holed.fill(0, before + 10, before + 4_096));
  await openInline(disk, createClock(), { ...keys, durability: 'write' });
  expect(kindsIn(disk.read(FILE))).toEqual(['segment', 'started', 'recovered', 'started']);
});

test.each(['fsync', 'write'] as const)(
  'with durability %s calls go on while a checkpoint is being synced',
  async (durability) => {
    const notes: string[] = [];
    const { audit, clock, disk } = await openWorld({
      ...{ durability, checkpointEntries: 10 },
      onCheckpoint: (note: string) => notes.push(note),
    });
    const { promise: stuck, resolve: free } = Promise.withResolvers<void>();
    disk.aside = () => stuck;
    await settled(clock, fill(audit, 30));
    const { size: before } = verify(FILE, disk);
    expect(notes).toEqual([]);
    free();
    await clock.pass(1_000);
    // The first covers what was there at its start, and the next the rest.
    expect(notes.map((note) => parseNote(note).size >= before)).toEqual([false, true]);
    await settled(clock, audit.close());
    const { signed, size, state } = verify(FILE, disk);
    expect({ signed, state }).toEqual({ signed: size, state: 'intact' });
  },
);

test.each([
  ['the lines before it', 'sync', FILE, 'write', false, 'EIO'],
  ['it', 'sync', `${FILE}.checkpoint.new`, 'write', false, 'UNSIGNED'],
  ['it', 'sync', `${FILE}.checkpoint.new`, 'fsync', false, 'UNSIGNED'],
  ['its name', 'syncFolder', '/log', 'write', true, 'UNSIGNED'],
] as const)(
  'a checkpoint is not announced when the disk fails to store %s (%s of %s, %s)',
  async (_, call, path, durability, named, failure) => {
    const notes: string[] = [];
    const { audit, clock, disk, failures } = await openWorld({
      ...{ durability, checkpointEntries: 10 },
      onCheckpoint: (note: string) => notes.push(note),
    });
    let broken = true;
    disk.fault = (made, at) => {
      if (broken && made === call && at === path) throw errno('EIO');
      return undefined;
    };
    await settled(clock, Promise.allSettled([fill(audit, 8)]));
    await clock.pass(1_000);
    expect(notes).toEqual([]);
    expect(disk.facts(`${FILE}.checkpoint`) !== undefined).toBe(named);
    expect(new Set(failures)).toEqual(new Set([failure]));
    broken = false;
    await clock.pass(6_000);
    await settled(clock, fill(audit, 8));
    await settled(clock, audit.close());
    disk.crash(() => 0);
    const { signed, size, state } = verify(FILE, disk);
    expect({ signed, state }).toEqual({ signed: size, state: 'intact' });
  },
);

test('calls go on while no checkpoint can be stored; one covers them all once it can', async () => {
  const notes: string[] = [];
  const { audit, clock, disk, failures } = await openWorld({
    ...{ checkpointEntries: 10 },
    onCheckpoint: (note: string) => notes.push(note),
  });
  let broken = true;
  disk.fault = (made, at) => {
    if (broken && made === 'open' && at === `${FILE}.checkpoint.new`) throw errno('EACCES');
    return undefined;
  };
  for (let round = 0; round < 8; round += 1) {
    await settled(clock, fill(audit, 8));
    await clock.pass(2_000);
    expect(audit.status().state).toBe('ok');
  }
  // One try in 5 s.
  expect(failures.length).toBeGreaterThan(1);
  expect(failures.length).toBeLessThan(6);
  expect(kindsIn(disk.read(FILE))).not.toContain('suspended');
  broken = false;
  const { size } = verify(FILE, disk);
  await clock.pass(11_000);
  expect(parseNote(notes.at(-1) ?? '').size).toBeGreaterThanOrEqual(size);
});

test('a checkpoint that the disk holds up is reported, and completed once the disk is free', async () => {
  const notes: string[] = [];
  const { audit, clock, disk, failures } = await openWorld({
    ...{ durability: 'write', checkpointEntries: 10 },
    onCheckpoint: (note: string) => notes.push(note),
  });
  const { promise: stuck, resolve: free } = Promise.withResolvers<void>();
  disk.aside = () => stuck;
  await settled(clock, fill(audit, 8));
  await clock.pass(4_000);
  expect(failures).toEqual([]);
  await clock.pass(60_000);
  expect(failures).toEqual(['UNSIGNED']);
  expect(audit.status().state).toBe('ok');
  expect(notes).toEqual([]);
  const { size } = verify(FILE, disk);
  free();
  await clock.pass(11_000);
  expect(parseNote(notes.at(-1) ?? '').size).toBeGreaterThanOrEqual(size);
});

test.each([
  ['another file', true],
  ['nothing', false],
])(
  'a checkpoint covers only what is durable in our file, wherever it went, with %s in its place',
  async (_, foreign) => {
    const notes: string[] = [];
    const { audit, clock, disk } = await openWorld({
      ...{ durability: 'write', checkpointEntries: 10 },
      onCheckpoint: (note: string) => notes.push(note),
    });
    await settled(clock, fill(audit, 3));
    disk.rename(FILE, '/log/moved.jsonl');
    if (foreign) disk.write(FILE, Buffer.alloc(0));
    // Before the next look at what lies there: there are four per second.
    await settled(clock, fill(audit, 2));
    const [note = ''] = notes;
    disk.crash(() => 0);
    expect(kindsIn(disk.read('/log/moved.jsonl')).length).toBeGreaterThanOrEqual(
      parseNote(note).size,
    );
  },
);

test('a checkpoint syncs nothing twice', async () => {
  const { audit, clock, done } = await openWorld({ checkpointEntries: 1, checkpointMs: 1 });
  await settled(clock, audit.intent(intended(1)));
  await settled(clock, audit.terminal(judged(2), new Refusal('KEY_FACTS_UNAVAILABLE')));
  expect(done.sync).toBe(2);
});

test('a full queue refuses entries, and reports that as an outage of the log', async () => {
  const { audit, clock, failures } = await openWorld({ maxQueue: 3 });
  const all = Array.from({ length: 5 }, (_, number) => audit.intent(intended(number)));
  const ended = await settled(clock, Promise.allSettled(all));
  expect(ended.map(({ status }) => status)).toEqual([
    ...['fulfilled', 'fulfilled', 'fulfilled'],
    ...['rejected', 'rejected'],
  ]);
  await expect(all[4]).rejects.toMatchObject({ reason: 'AUDIT_UNAVAILABLE', cause: 'QUEUE_FULL' });
  expect(failures).toEqual(['QUEUE_FULL', 'QUEUE_FULL']);
});

test('a call that ends while the log cannot be written has its outcome there once it can', async () => {
  const warnings: string[] = [];
  const { audit, clock, disk } = await openWorld({ warn: (told: string) => warnings.push(told) });
  await settled(clock, audit.intent(intended(7)));
  const { fault } = disk;
  disk.fault = (call) => {
    if (call === 'write') throw errno('EIO');
    return undefined;
  };
  await expect(settled(clock, audit.terminal(answered(7)))).rejects.toThrow(Refusal);
  disk.fault = fault;
  await clock.pass(1_000);
  const lines = disk.read(FILE).toString().trim().split('\n').slice(-3);
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { kind: 'suspended' },
    { kind: 'resumed', resumed: { code: 'EIO', unwritten: 1 } },
    { kind: 'outcome', decision_id: idOf(7), outcome: { reason: 'AUDIT_UNAVAILABLE' } },
  ]);
  expect(warnings).toEqual([
    'audit: suspended (EIO): EIO: made by the test',
    'audit: the log can be written again',
  ]);
});

test('a log that is closed first writes what is on its way', async () => {
  const { audit, clock, disk } = await openWorld();
  const all = [1, 2].map((number) => audit.intent(intended(number)));
  await settled(clock, audit.close());
  await Promise.all(all);
  expect(kindsIn(disk.read(FILE)).slice(-3)).toEqual(['intent', 'intent', 'shutdown']);
  expect(verify(FILE, disk).state).toBe('intact');
});

test('a mask that fails refuses the call and is reported', async () => {
  const evaluateMask = () => {
    throw new Error('rego');
  };
  const { audit, failures } = await openWorld({ evaluateMask, maskActive: () => true });
  await expect(audit.intent(intended(1))).rejects.toMatchObject({ reason: 'AUDIT_UNAVAILABLE' });
  expect(failures).toEqual(['MASK']);
});

test('a file whose sync failed is never synced or written again', async () => {
  const { audit, clock, disk, failures } = await openWorld();
  await settled(clock, fill(audit, 1));
  let failed = 0;
  const after: string[] = [];
  disk.fault = (call, path) => {
    if (failed > 0 && path === FILE && !renamed()) after.push(call);
    if (call === 'sync' && path === FILE && failed === 0) {
      failed += 1;
      throw errno('EIO');
    }
    return undefined;
  };
  const renamed = () => disk.list('/log').some((name) => /-\d{12}\.jsonl$/.test(name));
  await expect(settled(clock, audit.intent(intended(7)))).rejects.toThrow(Refusal);
  await clock.pass(1_000);
  expect(after.filter((call) => call === 'sync' || call === 'write')).toEqual([]);
  expect(failures).toEqual(['EIO']);
  expect(audit.status().state).toBe('ok');
  const [head] = disk.read(FILE).toString().split('\n');
  expect(JSON.parse(head ?? '').segment.predecessor.closed).toBe('EIO');
});

test.each([
  ['disk', 'ENOSPC'],
  ['quota', 'EDQUOT'],
])('a full %s has room left for the entry that reports it', async (_, code) => {
  const { audit, clock, disk } = await openWorld();
  await settled(clock, fill(audit, 1));
  let full: '' | 'but for the reserve' | 'all';
  disk.fault = (call, path) => {
    if (call !== 'write' || full === '') return undefined;
    const reserved = !disk.facts(`${FILE}.reserve`);
    const fits = full === 'all' ? path === FILE && reserved : path !== `${FILE}.probe`;
    if (!fits) throw errno(code);
    return undefined;
  };
  // What was kept for the entry is kept again for the next time.
  for (const number of [7, 8]) {
    full = 'all';
    await expect(settled(clock, audit.intent(intended(number)))).rejects.toThrow(Refusal);
    await clock.pass(2_000);
    expect(audit.status()).toMatchObject({ state: 'suspended', code });
    expect(kindsIn(disk.read(FILE)).at(-1)).toBe('suspended');
    full = 'but for the reserve';
    await clock.pass(1_000);
    expect(audit.status().state).toBe('suspended');
    full = '';
    await clock.pass(1_000);
    expect(audit.status().state).toBe('ok');
  }
});

test('the live file is open with O_APPEND: writes go to its end, whoever moves it', async () => {
  await using own = createFolder();
  const audit = await openAudit(own.file);
  const open = readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === own.file;
    } catch {
      return false;
    }
  });
  expect(open).toHaveLength(1);
  const flags = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${open[0]}`, 'utf8'))?.[1];
  expect(Number.parseInt(flags ?? '', 8) & 0o2000).toBe(0o2000);
  await audit.close();
});
