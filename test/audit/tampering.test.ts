import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readCheckpoint } from '../../src/audit/log/read-checkpoint.ts';
import type { AuditOptions } from '../../src/audit/options.ts';
import { createRandom, fill, linesOf, MUTATIONS, mutate, toLines } from './fault-world.ts';
import { createMemoryDisk, type MemoryDisk } from './memory-disk.ts';
import { idOf, intended } from './samples.ts';
import {
  createClock,
  createFolder,
  createKeys,
  openAudit,
  openInline,
  settled,
  verify,
} from './world.ts';

const TRIALS = Number(process.env['FAULT_MUTATIONS'] ?? 40);
const FILE = '/log/audit.jsonl';
const SEED = Number(process.env['FAULT_SEED'] ?? 6962);

test(`each of ${TRIALS} random mutations is found, and its seq named`, async () => {
  await using folder = createFolder();
  const audit = await openAudit(folder.file, { checkpointEntries: 40 });
  await fill(audit, 60);
  await audit.close();
  const log = linesOf(folder.file);
  const random = createRandom(SEED);
  const found: Record<string, number> = {};
  for (let trial = 0; trial < TRIALS; trial += 1) {
    const how = MUTATIONS[trial % MUTATIONS.length]!;
    const { damaged, seq } = mutate(log, how, random);
    writeFileSync(folder.file, damaged);
    const { state, problem } = verify(folder.file);
    const told = `${how}, trial ${trial}, seed ${SEED}: ${JSON.stringify(problem)}`;
    expect(state, told).toBe('tampered');
    expect(problem?.seq, told).toBe(seq);
    found[how] = (found[how] ?? 0) + 1;
  }
  console.log(`mutations: seed ${SEED}, ${TRIALS} trials, all found: ${JSON.stringify(found)}`);
  expect(Object.keys(found)).toEqual([...MUTATIONS]);
}, 600_000);

test.each([3, -1])('a line that is no entry is found, and its seq named: %d', async (at) => {
  await using folder = createFolder();
  const audit = await openAudit(folder.file);
  await fill(audit, 3);
  await audit.close();
  const lines = linesOf(folder.file).bytes.toString().split('\n').slice(0, -1);
  const seq = at < 0 ? lines.length + at : at;
  writeFileSync(
    folder.file,
    lines
      .with(seq, '{"x":1}')
      .map((line) => `${line}\n`)
      .join(''),
  );
  const problem = { seq, why: 'the line is not an entry' };
  expect(verify(folder.file)).toMatchObject({ state: 'tampered', problem });
});

test('a log cut anywhere in its last three entries is torn or shorter, and the next start mends it', async () => {
  const { folder, ...keys } = createKeys();
  await using _ = folder;
  const options = { ...keys, checkpointEntries: 10_000, checkpointMs: 3_600_000 };
  const first = createMemoryDisk();
  await settled(...started(first, options, 6));
  const { bytes, starts } = toLines(Buffer.from(first.read(FILE)));
  const step = Number(process.env['FAULT_CUT_STEP'] ?? 131);
  let trials = 0;
  for (let length = starts.at(-4)!; length <= bytes.length; length += nextCut(length)) {
    trials += 1;
    const disk = createMemoryDisk();
    disk.write(FILE, bytes.subarray(0, length));
    const atEnd = starts.includes(length);
    expect(verify(FILE, disk).state, `cut at ${length}`).toBe(atEnd ? 'intact' : 'torn');

    await settled(...started(disk, options, 1));
    expect(verify(FILE, disk).state, `cut at ${length}`).toBe('intact');
    const kept = starts.filter((start) => start <= length).at(-1)!;
    expect(disk.read(FILE).subarray(0, kept).equals(bytes.subarray(0, kept))).toBe(true);
    const recovered = disk.read(FILE).includes('"kind":"recovered"');
    expect(recovered, `cut at ${length}`).toBe(!atEnd);
    const torn = disk.list('/log').filter((name) => name.includes('.torn-'));
    expect(torn.length).toBe(atEnd ? 0 : 1);
  }
  console.log(`cuts: ${trials} of the ${bytes.length - starts.at(-4)! + 1} byte offsets`);

  /** Every byte near the end of a line, and each `step`th of the others. */
  function nextCut(length: number): number {
    const next = starts.find((start) => start > length) ?? bytes.length;
    const near = next - 16;
    return starts.includes(length) || length >= near ? 1 : Math.min(step, near - length);
  }
}, 600_000);

/** Opens a log in memory and makes `calls` calls. */
function started(disk: MemoryDisk, options: Partial<AuditOptions>, calls: number) {
  const clock = createClock();
  const filled = async () => fill(await openInline(disk, clock, options), calls);
  return [clock, filled()] as const;
}

test('a process that dies while making a segment leaves at most a torn log, and the next start mends it', async () => {
  const { folder, ...keys } = createKeys();
  await using _ = folder;
  const clock = createClock();
  const disk = createMemoryDisk(clock.now);
  const audit = await openInline(disk, clock, keys);
  await settled(clock, fill(audit, 3));
  audit.reopen();
  const [closed = ''] = disk.list('/log').filter((name) => /-\d{12}\.jsonl$/.test(name));
  const head = Buffer.from(disk.read(FILE));
  expect(toLines(head).starts).toHaveLength(2);
  for (let length = 0; length < head.length; length += 97) {
    const cut = createMemoryDisk(clock.now);
    cut.write(`/log/${closed}`, disk.read(`/log/${closed}`));
    cut.write(FILE, head.subarray(0, length));
    expect(verify(FILE, cut), `cut at ${length}`).toMatchObject({
      state: length === 0 ? 'intact' : 'torn',
      tornBytes: length,
    });
    await settled(...started(cut, keys, 1));
    expect(verify(FILE, cut).state, `mended after ${length}`).toBe('intact');
  }
});

/** A closed log in memory with five calls per segment, and what reopens it. */
async function closedLog(segments = 1) {
  const { folder, ...keys } = createKeys();
  const disk = createMemoryDisk();
  const clock = createClock();
  const filled = async () => {
    const audit = await openInline(disk, clock, keys);
    await fill(audit, 5);
    for (let closed = 1; closed < segments; closed += 1) {
      audit.reopen();
      await fill(audit, 5);
    }
    await audit.close();
  };
  await settled(clock, filled());
  const reopen = (changes: Partial<AuditOptions> = {}) => {
    const later = createClock(clock.now());
    return settled(later, openInline(disk, later, { ...keys, ...changes }));
  };
  return { disk, reopen, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

test('a log cut before its checkpoint refuses to start, and continues only when told to', async () => {
  await using log = await closedLog();
  const { bytes, starts } = toLines(log.disk.read(FILE));
  log.disk.write(FILE, bytes.subarray(0, starts[4]!));
  await expect(log.reopen()).rejects.toThrow(
    /ends at seq 3; \d+ entries were signed; put back .* audit\.on_broken_chain: continue$/,
  );
  await log.reopen({ onBrokenChain: 'continue' });
  expect(log.disk.read(FILE).toString()).toContain('"kind":"broken"');
  expect(verify(FILE, log.disk).broken).toEqual([5]);
});

test.each([
  ['is gone', (disk: MemoryDisk) => disk.remove(FILE)],
  ['has lost its head', (disk: MemoryDisk) => disk.write(FILE, Buffer.from('x\n'))],
])(
  'a log whose live file %s continues after its closed segments only when told to',
  async (_, damage) => {
    await using log = await closedLog(2);
    const { first_seq: next } = JSON.parse(log.disk.read(FILE).toString().split('\n')[0]!).segment;
    const kept = log.disk.read(`${FILE}.checkpoint`).toString();
    damage(log.disk);
    await expect(log.reopen()).rejects.toThrow('put back what was there');
    await log.reopen({ onBrokenChain: 'continue', checkpointEntries: 2 });
    const { size } = readCheckpoint(log.disk, FILE)!;
    expect(size, 'the old one was over more').toBe(next + 3);
    const [head = '', second = ''] = log.disk.read(FILE).toString().split('\n');
    expect(JSON.parse(head).segment).toMatchObject({ first_seq: next });
    expect(JSON.parse(head).segment.predecessor.closed).toBe('broken');
    expect(JSON.parse(second).kind).toBe('broken');
    const { state, problem } = verify(FILE, log.disk, [kept]);
    expect(state).toBe('tampered');
    expect(problem?.seq).toBeGreaterThanOrEqual(next);
  },
);

test('a log with an entry changed before its end refuses to start, and names the seq', async () => {
  await using log = await closedLog();
  const text = log.disk.read(FILE).toString();
  log.disk.write(
    FILE,
    Buffer.from(text.replace('"rule":"orders-rotate"', '"rule":"orders-rotatE"')),
  );
  await expect(log.reopen()).rejects.toThrow(/seq 3: prev is not the hash/);
});

test('the next start ends the calls left open, before a checkpoint and after, and no others', async () => {
  const { folder, ...keys } = createKeys();
  await using _ = folder;
  const disk = createMemoryDisk();
  const options = { ...keys, checkpointEntries: 5 };
  const clock = createClock();
  const killed = async () => {
    const audit = await openInline(disk, clock, options);
    await audit.intent(intended(90));
    await fill(audit, 11);
    await audit.intent(intended(91));
  };
  await settled(clock, killed());
  const [last] = disk.read(FILE).toString().trim().split('\n').slice(-1);
  expect(JSON.parse(last!)).toMatchObject({ kind: 'intent', decision_id: idOf(91) });
  await settled(...started(disk, options, 0));
  const lines = disk.read(FILE).toString().trim().split('\n');
  const entries = lines.map((line) => JSON.parse(line));
  expect(entries.filter(({ kind }) => kind === 'checkpoint').length).toBeGreaterThan(1);
  const unknown = entries.filter(({ outcome }) => outcome?.status === 'unknown');
  expect(unknown.map((entry) => entry.decision_id)).toEqual([idOf(90), idOf(91)]);
  expect(verify(FILE, disk).state).toBe('intact');
});

test('a head describes all of its segment, so another version begins a new one', async () => {
  await using log = await closedLog();
  const audit = await log.reopen({ labels: { version: '0.2.0' } });
  expect(audit.status().state).toBe('ok');
  const [head = ''] = log.disk.read(FILE).toString().split('\n');
  expect(JSON.parse(head).labels.version).toBe('0.2.0');
  expect(verify(FILE, log.disk).state).toBe('intact');
});

test('a log that is gone refuses to start while its checkpoint is there', async () => {
  await using log = await closedLog();
  log.disk.remove(FILE);
  await expect(log.reopen()).rejects.toThrow('the log is gone');
});

test('a log with an unreadable checkpoint refuses to start', async () => {
  await using log = await closedLog();
  log.disk.write(`${FILE}.checkpoint`, Buffer.from('nonsense'));
  await expect(log.reopen()).rejects.toThrow('not a checkpoint');
});
