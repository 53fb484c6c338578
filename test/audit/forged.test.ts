import { generateKeyPairSync, hash } from 'node:crypto';
import { expect, test } from 'vitest';
import { parseNote } from '../../src/audit/log/note.ts';
import { parseVkey } from '../../src/audit/log/vkey.ts';
import { collectLog } from '../../src/audit/verify/collect.ts';
import { keysNamedBy } from '../../src/audit/verify/verify.ts';
import { checkpointOf } from '../../src/files/segment-names.ts';
import { createForge, type Forge, ORIGIN } from './forge.ts';
import { createMemoryDisk } from './memory-disk.ts';
import { verify } from './world.ts';

const FILE = '/log/audit.jsonl';
const FIRST = '/log/audit-000000000000.jsonl';

type Files = Readonly<Record<string, Uint8Array | string>>;

function verdictOn(files: Files, path = FILE, notes: readonly string[] = []) {
  const disk = createMemoryDisk();
  for (const [name, content] of Object.entries(files)) disk.write(name, Buffer.from(content));
  return verify(path, disk, notes);
}

/** Seqs 0 to 3. */
const segment = (forge: Forge) => Buffer.concat([forge.head(), forge.entries(3)]);

const after = (closed: string) => ({ predecessor: { file: 'audit.jsonl', bytes: 0, closed } });

async function logged(forge: Forge, note: string | Promise<string>, size: number) {
  return forge.event('checkpoint', { checkpoint: { note: await note, open: [], size } });
}

const OTHER = 'a'.repeat(64);
/** More than is compared or read at a time. */
const LARGE = 'x'.repeat(1_100_000);

test('what the forge makes without damage is intact, and signed for', async () => {
  const forge = createForge();
  const first = Buffer.concat([segment(forge), await logged(forge, forge.note(), 4)]);
  const rest = segment(forge);
  const files = { [FIRST]: first, [FILE]: rest };
  expect(verdictOn(files)).toMatchObject({ state: 'intact', signed: 4, size: 9, segments: 2 });
  const note = await forge.note();
  expect(verdictOn({ ...files, [checkpointOf(FILE)]: note })).toMatchObject({
    state: 'intact',
    signed: 9,
    vouched: [ORIGIN],
  });
});

test.each<[string, (forge: Forge) => Files, number, string]>([
  [
    'a first segment that is missing',
    (forge) => {
      segment(forge);
      return { [FILE]: segment(forge) };
    },
    0,
    'entries 0 to 3 are missing',
  ],
  [
    'a segment missing in the middle',
    (forge) => {
      const first = segment(forge);
      segment(forge);
      return { [FIRST]: first, [FILE]: segment(forge) };
    },
    4,
    'entries 4 to 7 are missing',
  ],
  [
    'a second first segment',
    (forge) => {
      const [other, first] = [segment(createForge()), segment(forge)];
      return { [FIRST]: first, [`${FILE}.1`]: other, [FILE]: segment(forge) };
    },
    0,
    'another segment starts with the same seq',
  ],
  [
    'a later segment that is there twice',
    (forge) => {
      const [first, second] = [segment(forge), segment(forge)];
      return { [FIRST]: first, [`${FILE}.1`]: second, [`${FILE}.2`]: second, [FILE]: forge.head() };
    },
    4,
    'another segment starts with the same seq',
  ],
  [
    'a head with another tree than the entries before it',
    (forge) => {
      const first = segment(forge);
      const chain = { ...forge.chain(), tree: { size: 4, peaks: [OTHER] } };
      return { [FIRST]: first, [FILE]: forge.head({ chain }) };
    },
    4,
    'the head holds another tree than the entries before it',
  ],
  [
    'a line added to a segment that was closed in order',
    (forge) => {
      const first = segment(forge);
      const end = forge.chain();
      const added = forge.entries(1);
      forge.back(end);
      return { [FIRST]: Buffer.concat([first, added]), [FILE]: forge.head(after('size')) };
    },
    4,
    'lines follow the end of the segment',
  ],
])('%s is tampering', (_, damage, seq, why) => {
  expect(verdictOn(damage(createForge()))).toMatchObject({
    state: 'tampered',
    problem: { seq, why },
  });
});

test('a live file that is only begun is the last segment, in whatever order a folder is listed', () => {
  const forge = createForge();
  const first = segment(forge);
  const half = forge.head().subarray(0, 50);
  expect(verdictOn({ [FILE]: half, [FIRST]: first })).toMatchObject({
    ...{ state: 'torn', tornBytes: half.length, size: 4, segments: 2 },
  });
});

test('a copy of the live file is passed over only if each of its bytes is in the closed segment', () => {
  const forge = createForge();
  const [start, large, end] = [segment(forge), forge.event('x', { x: LARGE }), forge.entries(2)];
  const first = Buffer.concat([start, large, end]);
  const early = first.subarray(0, -20);
  expect(verdictOn({ [FIRST]: first, [FILE]: early })).toMatchObject({
    ...{ state: 'intact', size: 7, segments: 1 },
  });
  for (const at of [start.length - 20, early.length - 20]) {
    const changed = Buffer.from(early);
    changed[at]! ^= 1;
    expect(verdictOn({ [FIRST]: first, [FILE]: changed }).state, `at ${at}`).toBe('tampered');
  }
  const more = Buffer.concat([first, forge.entries(1)]);
  expect(verdictOn({ [FIRST]: first, [FILE]: more }).state).toBe('tampered');
});

test('what a faulty segment holds beyond its last acknowledged entry is counted, not judged', () => {
  const forge = createForge();
  const first = segment(forge);
  const end = forge.chain();
  const beyond = Buffer.concat([forge.entries(2), Buffer.from('{"half')]);
  forge.back(end);
  const files = { [FIRST]: Buffer.concat([first, beyond]), [FILE]: forge.head(after('EIO')) };
  expect(verdictOn(files)).toMatchObject({
    state: 'intact',
    size: 5,
    tornBytes: 0,
    abandonedBytes: beyond.length,
  });
});

test.each<[string, (forge: Forge) => [string | Promise<string>, number], string]>([
  ['is none', () => ['nonsense', 3], 'the checkpoint in the line is malformed'],
  [
    'is over another number of entries than its note says',
    (forge) => [forge.note(), 2],
    'the checkpoint in the line is malformed',
  ],
  [
    'was signed over other entries',
    (forge) => [forge.note({ size: 6, peaks: [OTHER, OTHER] }), 6],
    'the entries before it are not those of the checkpoint over 6',
  ],
  [
    'covers entries that do not exist yet',
    (forge) => [forge.note({ size: 9, peaks: [OTHER, OTHER] }), 9],
    'the entries before it are not those of the checkpoint over 9',
  ],
  [
    'is another log’s',
    (forge) => [forge.note(undefined, 'test.example/other'), 7],
    'the checkpoint in the line is of test.example/other, which is another log',
  ],
  [
    'another key signed',
    () => [createForge().note({ size: 1, peaks: [OTHER] }), 1],
    'the checkpoint in the line is not signed by a known key',
  ],
])('a log whose logged checkpoint %s is tampered with', async (_, make, why) => {
  const forge = createForge();
  const good = Buffer.concat([segment(forge), await logged(forge, forge.note(), 4)]);
  const more = forge.entries(2);
  const bad = await logged(forge, ...make(forge));
  // Everything since the last good checkpoint is in doubt, or the line itself is no checkpoint.
  const seq = /^the entries/.test(why) ? 4 : 7;
  expect(verdictOn({ [FILE]: Buffer.concat([good, more, bad]) })).toMatchObject({
    state: 'tampered',
    signed: 4,
    problem: { seq, why: expect.stringContaining(why) },
  });
});

test('of a checkpoint kept elsewhere and the one beside the log, over as many entries, both must hold', async () => {
  const forge = createForge();
  const files = { [FILE]: segment(forge) };
  const [good, bad] = [await forge.note(), await forge.note({ size: 4, peaks: [OTHER] })];
  for (const [beside, kept] of [
    [good, good],
    [good, bad],
    [bad, good],
  ] as const) {
    const { state } = verdictOn({ ...files, [checkpointOf(FILE)]: beside }, FILE, [kept]);
    expect(state).toBe(beside === kept ? 'intact' : 'tampered');
  }
});

test('a segment by itself must begin with the tree that a kept checkpoint was signed over', async () => {
  const forge = createForge();
  segment(forge);
  const [start, note] = [forge.chain(), await forge.note()];
  const second = '/log/audit-000000000004.jsonl';
  const verdict = (chain = start) => {
    forge.back(start);
    return verdictOn({ [second]: forge.head({ chain }) }, second, [note]);
  };
  expect(verdict()).toMatchObject({ state: 'intact', signed: 4, size: 5 });
  expect(verdict({ ...start, tree: { size: 4, peaks: [OTHER] } })).toMatchObject({
    state: 'tampered',
    problem: { seq: 3, why: 'entries 0 to 3 are not those that were signed for' },
  });
});

test('an entry with members that are named like its place in the chain is read by its own', () => {
  const forge = createForge();
  const fields = { labels: { prev: OTHER, seq: 9 }, zone: { prev: '', seq: 0 } };
  const lines = [segment(forge), forge.event('x', fields), forge.entries(1)];
  expect(verdictOn({ [FILE]: Buffer.concat(lines) })).toMatchObject({ state: 'intact', size: 6 });
});

test('of the last two lines, the one that was changed is named, if a checkpoint covers both', async () => {
  const forge = createForge();
  const lines = [segment(forge), forge.entries(1), forge.entries(1)];
  const note = await forge.note();
  const changed = (index: number, from: RegExp, to: string) =>
    Buffer.concat(lines.with(index, Buffer.from(lines[index]!.toString().replace(from, to))));
  const of = (file: Buffer, more = {}) => verdictOn({ [FILE]: file, ...more }).problem;
  const last = changed(2, /"prev":"\w{64}/, `"prev":"${OTHER}`);
  const before = changed(1, /reload/, 'relaod');
  const signed = { [checkpointOf(FILE)]: note };
  expect(of(last, signed)).toMatchObject({ seq: 5, why: expect.stringContaining('prev is not') });
  expect(of(before, signed)).toMatchObject({ seq: 4, why: expect.stringContaining('was changed') });
  expect(of(last)).toMatchObject({ seq: 5 });
  expect(of(before)).toMatchObject({ seq: 5 });
});

test('what is missing at the beginning was deleted only if an entry that is signed for says so', async () => {
  const forge = createForge();
  segment(forge);
  const predecessor = { file: 'audit-000000000000.jsonl', bytes: 0, closed: 'size' };
  const rest = [forge.head({ predecessor }), forge.entries(1)];
  const early = await forge.note();
  const deleted = [{ file: 'audit-000000000000.jsonl', first_seq: 0 }];
  rest.push(forge.event('retention', { retention: { deleted } }));
  const of = (note: string) =>
    verdictOn({ [FILE]: Buffer.concat(rest), [checkpointOf(FILE)]: note });
  expect(of(await forge.note())).toMatchObject({ state: 'intact', firstSeq: 4 });
  const why = 'entries 0 to 3 are missing; entry 6, which says so, is not signed for';
  expect(of(early)).toMatchObject({ state: 'tampered', signed: 6, problem: { seq: 0, why } });
});

test('a line that only looks like one about deleted segments says nothing, and is no failure', () => {
  for (const retention of [null, 'x', { deleted: 7 }, { deleted: [null] }]) {
    const forge = createForge();
    segment(forge);
    const predecessor = { file: 'audit-000000000000.jsonl', bytes: 0, closed: 'size' };
    const rest = [forge.head({ predecessor }), forge.event('retention', { retention })];
    expect(verdictOn({ [FILE]: Buffer.concat(rest) })).toMatchObject({
      problem: { seq: 0, why: 'entries 0 to 3 are missing' },
    });
  }
});

test('the key that all segments of a log name is tried once for each signature, not once for each segment', () => {
  const forge = createForge();
  const disk = createMemoryDisk();
  for (const name of [FIRST, '/log/audit-000000000004.jsonl', FILE]) {
    disk.write(name, segment(forge));
  }
  expect(keysNamedBy(collectLog(disk, FILE))).toEqual([parseVkey(forge.vkey)]);
});

test('a verifier key whose type is not that of the key in it is none, and signs for nothing', () => {
  const spki = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' });
  const id = hash('sha256', spki, 'hex').slice(0, 8);
  const vkey = `${ORIGIN}+${id}+${Buffer.concat([Buffer.of(2), spki]).toString('base64')}`;
  expect(() => parseVkey(vkey)).toThrow('holds a key of another type');
});

test('a note over no entries, or more than can be counted, is no checkpoint', async () => {
  const forge = createForge();
  const note = await forge.note({ size: 7, peaks: [OTHER] });
  expect(parseNote(note)).toMatchObject({ size: 7 });
  for (const size of ['0', '07', '9007199254740993']) {
    const other = note.replace('\n7\n', `\n${size}\n`);
    expect(() => parseNote(other), size).toThrow('not a checkpoint');
    const files = { [FILE]: segment(createForge()), [checkpointOf(FILE)]: other };
    expect(verdictOn(files).state, size).toBe('tampered');
  }
});

test('a note with more signatures than anyone makes is no checkpoint', async () => {
  const note = await createForge().note({ size: 1, peaks: [OTHER] });
  const line = note.slice(note.indexOf('\u2014'));
  expect(parseNote(note + line.repeat(99)).signatures).toHaveLength(100);
  expect(() => parseNote(note + line.repeat(100))).toThrow('too many signatures');
});
