import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseNote } from '../../src/audit/log/note.ts';
import { makeEd25519Key } from '../../src/audit/log/signer.ts';
import type { AuditOptions } from '../../src/audit/options.ts';
import { Refusal } from '../../src/errors.ts';
import { until } from '../helpers/until.ts';
import { fill } from './fault-world.ts';
import { answered, intended, judged } from './samples.ts';
import { createFolder, openAudit, verify } from './world.ts';

const entriesOf = (file: string) =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

test.concurrent('a log whose folder is a symbolic link gets checkpoints too', async () => {
  await using folder = createFolder();
  await using place = createFolder();
  const linked = join(place.path, 'linked');
  symlinkSync(folder.path, linked);
  const notes: string[] = [];
  const audit = await openAudit(join(linked, 'audit.jsonl'), {
    checkpointEntries: 4,
    onCheckpoint: (note) => notes.push(note),
  });
  await fill(audit, 4);
  await until(() => notes.length > 0);
  expect(audit.status().state).toBe('ok');
  await audit.close();
  const { signed, size, state } = verify(folder.file);
  expect({ signed, state }).toEqual({ signed: size, state: 'intact' });
});

test.concurrent('intent, outcome, refusal and shutdown are in the file once their promises resolve', async () => {
  await using folder = createFolder();
  const notes: string[] = [];
  const audit = await openAudit(folder.file, { onCheckpoint: (note) => notes.push(note) });
  await audit.intent(intended(1));
  expect(entriesOf(folder.file).at(-1)).toMatchObject({ kind: 'intent', seq: 2 });
  await audit.terminal(answered(1));
  await audit.terminal(judged(2), new Refusal('KEY_FACTS_UNAVAILABLE'));
  audit.turnedAway(new Refusal('UNAUTHENTICATED'));
  audit.turnedAway(new Refusal('UNAUTHENTICATED'));
  await audit.close();
  const entries = entriesOf(folder.file);
  expect(entries.map(({ kind }) => kind)).toEqual([
    'segment',
    'started',
    'intent',
    'outcome',
    'refusal',
    'turned_away',
    'shutdown',
  ]);
  expect(entries[3].outcome).toEqual({ code: 'OK', status: 'released' });
  expect(entries[4].outcome).toMatchObject({ reason: 'KEY_FACTS_UNAVAILABLE', status: 'failed' });
  expect(entries[5].turned_away).toEqual({ count: 2, reason: 'UNAUTHENTICATED' });
  for (const name of readdirSync(folder.path)) {
    expect(statSync(join(folder.path, name)).mode & 0o777, name).toBe(0o600);
  }
  expect(notes.at(-1)).toBe(readFileSync(`${folder.file}.checkpoint`, 'utf8'));
  expect(verify(folder.file)).toMatchObject({ state: 'intact', size: 7, signed: 7 });
});

test.concurrent('when a process ends between intent and outcome, the next logs an unknown outcome', async () => {
  await using folder = createFolder();
  const first = await openAudit(folder.file);
  await first.intent(intended(7));
  await first.close();
  const second = await openAudit(folder.file);
  await second.close();
  expect(entriesOf(folder.file)).toContainEqual(
    expect.objectContaining({
      kind: 'outcome',
      decision_id: intended(7).call.id,
      outcome: expect.objectContaining({ status: 'unknown' }),
    }),
  );
});

function replace(file: string): void {
  renameSync(file, `${file}.away`);
  writeFileSync(file, 'x\n');
}

const touches: readonly (readonly [string, string, (file: string) => void])[] = [
  ['removed', 'REMOVED', unlinkSync],
  ['renamed', 'RENAMED', (file) => renameSync(file, `${file}.away`)],
  ['replaced', 'REPLACED', replace],
  ['truncated', 'TRUNCATED', (file) => truncateSync(file, 100)],
  ['appended to', 'FOREIGN_WRITE', (file) => writeFileSync(file, 'x\n', { flag: 'a' })],
  ['opened to others', 'MODE_CHANGED', (file) => chmodSync(file, 0o644)],
];

/** A busy machine may take this many times the second that is promised. */
const STRETCH = 5;

test.concurrent('meddling with the live file is noticed within a second, suspends the log, and starts a new segment', async () => {
  await Promise.all(
    touches.map(async ([what, code, touch]) => {
      await using folder = createFolder();
      const failures: string[] = [];
      const audit = await openAudit(folder.file, {
        onFailure: (failure) => failures.push(failure),
      });
      await fill(audit, 2);
      touch(folder.file);
      const noticed = await until(() => failures.length > 0);
      expect(noticed, what).toBeLessThan(1_000 * STRETCH);
      expect(failures, what).toEqual([code]);
      await until(() => audit.status().state === 'ok');
      await fill(audit, 1);
      await audit.close();
      const heads = entriesOf(folder.file);
      expect(heads[0].segment.predecessor.closed, what).toBe(code);
      const { problem } = verify(folder.path);
      expect(problem === undefined, `${what}: ${JSON.stringify(problem)}`).toBe(
        !['truncated', 'renamed', 'replaced'].includes(what),
      );
    }),
  );
});

test.concurrent('a log file that is a FIFO or a symbolic link is refused, and no link is followed', async () => {
  await using folder = createFolder();
  execFileSync('mkfifo', [folder.file]);
  await expect(openAudit(folder.file)).rejects.toThrow('is not a regular file');
  unlinkSync(folder.file);
  const elsewhere = join(folder.path, 'elsewhere');
  writeFileSync(elsewhere, '');
  symlinkSync(elsewhere, folder.file);
  await expect(openAudit(folder.file)).rejects.toThrow(`${folder.file} is a symbolic link`);
  expect(readFileSync(elsewhere, 'utf8')).toBe('');
});

test.concurrent('SIGHUP after logrotate starts a new file under the old name, the chain unbroken', async () => {
  await using folder = createFolder();
  const audit = await openAudit(folder.file);
  await fill(audit, 3);
  renameSync(folder.file, `${folder.file}.1`);
  audit.reopen();
  await until(() => existsSync(folder.file));
  await fill(audit, 3);
  await audit.close();
  expect(verify(folder.file)).toMatchObject({ state: 'intact', segments: 2, firstSeq: 0 });
});

test.concurrent('a closed segment gets a checkpoint at once, before the next one is due', async () => {
  await using folder = createFolder();
  const notes: string[] = [];
  const audit = await openAudit(folder.file, {
    ...{ checkpointEntries: 1_000_000, checkpointMs: 1_000_000 },
    onCheckpoint: (note) => notes.push(note),
  });
  await fill(audit, 3);
  audit.reopen();
  await until(() => notes.length > 0);
  const [head] = entriesOf(folder.file);
  expect(parseNote(notes[0] ?? '').size).toBe(head.segment.first_seq + 1);
  await audit.close();
  expect(verify(folder.file).state).toBe('intact');
});

test.concurrent('closed segments beyond keepSegments are deleted once signed, and the log records which', async () => {
  await using folder = createFolder();
  const audit = await openAudit(folder.file, {
    maxBytes: 8_000,
    keepSegments: 2,
    checkpointEntries: 5,
  });
  await fill(audit, 60);
  const segments = () => readdirSync(folder.path).filter((name) => name.endsWith('.jsonl'));
  await until(() => segments().length === 3);
  await audit.close();
  const { state, firstSeq } = verify(folder.file);
  expect(state).toBe('intact');
  expect(firstSeq).toBeGreaterThan(20);
  const last = segments()
    .flatMap((name) => entriesOf(join(folder.path, name)))
    .filter(({ kind }) => kind === 'retention')
    .at(-1);
  const { file, first_seq } = last.retention.deleted.at(-1);
  expect(file).toBe(`audit-${String(first_seq).padStart(12, '0')}.jsonl`);
  expect(segments()).not.toContain(file);
  expect(first_seq).toBeLessThan(firstSeq);
});

test.concurrent('a crash entry is durable before the process ends', async () => {
  await using folder = createFolder();
  const audit = await openAudit(folder.file);
  expect(audit.crash('TypeError: x is not a function')).toBe(true);
  expect(entriesOf(folder.file).at(-1)).toMatchObject({ kind: 'crash' });
  await audit.close();
});

test.concurrent('a new origin or key starts a segment that names it', async () => {
  await using folder = createFolder();
  const signingKeyFile = join(folder.path, 'other.key');
  writeFileSync(signingKeyFile, makeEd25519Key());
  const write = async (changes: Partial<AuditOptions>) => {
    const audit = await openAudit(folder.file, changes);
    await fill(audit, 2);
    await audit.close();
    return audit.status().vkey;
  };
  const vkeys = [
    await write({ origin: 'test.example/a' }),
    await write({ origin: 'test.example/b' }),
    await write({ origin: 'test.example/b', signingKeyFile }),
  ];
  expect(new Set(vkeys).size).toBe(3);
  expect(verify(folder.file)).toMatchObject({
    state: 'intact',
    origins: ['test.example/a', 'test.example/b'],
    vkeys,
    segments: 3,
  });
});
