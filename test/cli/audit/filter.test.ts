import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Refusal } from '../../../src/errors.ts';
import {
  ALLOW,
  answered,
  callOf,
  DENY,
  DESTINATION,
  intended,
  judged,
  PRINCIPAL,
  SOURCE,
} from '../../audit/samples.ts';
import { createFolder, openThreadless } from '../../audit/world.ts';
import { columnOf } from './column-of.ts';
import { runAudit as audit } from './run-audit.ts';
import { makeWhole } from './whole-log.ts';

const { file } = makeWhole();

test('--job finds the calls of a batch and their outcomes', async () => {
  await using folder = createFolder();
  const log = await openThreadless(folder.file);
  const inBatch = (number: number) => ({ call: callOf(number, { job: 'batch-1' }) });
  await log.intent({ ...intended(1), ...inBatch(1) });
  await log.intent(intended(2));
  await log.terminal({ ...answered(1), ...inBatch(1) });
  await log.terminal(answered(2));
  await log.terminal(judged(3, { ...inBatch(3), decision: DENY }), new Refusal('POLICY_DENIED'));
  await log.close();
  const chosen = ['--job', 'batch-1', folder.file];
  const kinds = (await audit(['tail', ...chosen, '--json'])).output.trim().split('\n');
  expect(kinds.map((line) => JSON.parse(line).kind)).toEqual(['intent', 'outcome', 'refusal']);
  const { outcome } = JSON.parse((await audit(['stats', ...chosen, '--json'])).output);
  expect(outcome).toEqual({ released: 1, denied: 1 });
  const csv = (await audit(['export', '--format', 'csv', ...chosen])).output;
  expect(columnOf(csv, 'job')).toEqual(Array(3).fill('batch-1'));
  expect((await audit(['export', '--job', 'batch-2', folder.file])).output).toBe('');
});

test('--decision finds the entries of one call, and no other', async () => {
  const all = (await audit(['export', file])).output.trim().split('\n');
  const { decision_id: id } = all
    .map((line) => JSON.parse(line))
    .find(({ kind }) => kind === 'outcome');
  const { output } = await audit(['export', file, '--decision', id]);
  const kinds = output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(kinds.map(({ kind, decision_id }) => [kind, decision_id])).toEqual([
    ['intent', id],
    ['outcome', id],
  ]);
});

test('--revision finds outcomes too, whose revision is only in their intents', async () => {
  await using folder = createFolder();
  const log = await openThreadless(folder.file);
  const other = { decision: { ...ALLOW, revision: 'other' } };
  await log.intent({ ...intended(1), ...other });
  await log.intent(intended(2));
  await log.terminal({ ...answered(1), ...other });
  await log.terminal(answered(2));
  await log.close();
  const { output } = await audit(['tail', '--json', '--revision', 'other', folder.file]);
  const found = output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(found.map(({ kind }) => kind)).toEqual(['intent', 'outcome']);
  expect(new Set(found.map((entry) => entry.decision_id)).size).toBe(1);
});

test('calls turned away are found by reason, and counted in CSV', async () => {
  await using folder = createFolder();
  const log = await openThreadless(folder.file);
  await log.event('turned_away', { turned_away: { reason: 'LIMITED', count: 7 } });
  await log.event('turned_away', { turned_away: { reason: 'UNAUTHENTICATED', count: 3 } });
  await log.close();
  const csv = (await audit(['export', '--format', 'csv', '--outcome', 'LIMITED', folder.file]))
    .output;
  expect([columnOf(csv, 'reason'), columnOf(csv, 'count')]).toEqual([['LIMITED'], ['7']]);
});

test('--since includes its moment and --until does not, so days never overlap', async () => {
  const { timestamp, seq } = JSON.parse(readFileSync(file, 'utf8').split('\n')[0] ?? '');
  const chosen = async (option: string) =>
    (await audit(['export', option, timestamp, file])).output.includes(`"seq":${seq},`);
  expect(await chosen('--since')).toBe(true);
  expect(await chosen('--until')).toBe(false);
});

test.each([
  ['spiffe://example.org/ns/*/sa/api', true],
  ['spiffe://exampleXorg/ns/orders/sa/api', false],
  ['spiffe://example.org/ns/orders/sa/ap.', false],
])('--principal %s: only * is a wildcard', async (pattern, found) => {
  const { output } = await audit(['export', '--kind', 'intent', '--principal', pattern, file]);
  expect(output !== '').toBe(found);
});

test('--principal accepts the name that stats gives anonymous callers', async () => {
  await using folder = createFolder();
  const log = await openThreadless(folder.file);
  for (const principal of [PRINCIPAL, { ...PRINCIPAL, id: '', kind: 'anonymous' as const }]) {
    await log.terminal({ call: callOf(1), principal }, new Refusal('INVALID_REQUEST'));
  }
  await log.close();
  const { principal } = JSON.parse((await audit(['stats', '--json', folder.file])).output);
  expect(principal).toEqual({ [PRINCIPAL.id]: 1, anonymous: 1 });
  for (const name of Object.keys(principal)) {
    const { output } = await audit(['tail', folder.file, '--principal', name]);
    expect(output.split('\n')).toHaveLength(2);
  }
});

test('a * in --principal also stands for the line ends of a certificate’s subject', async () => {
  await using folder = createFolder();
  const log = await openThreadless(folder.file);
  const principal = { ...PRINCIPAL, id: 'C=CH\nO=Example\nCN=orders' };
  await log.terminal({ call: callOf(1), principal }, new Refusal('INVALID_REQUEST'));
  await log.close();
  const { output } = await audit(['tail', folder.file, '--principal', 'C=CH*CN=orders']);
  expect(output).toContain('C=CH\\u{a}O=Example');
});

test('a time may be given as how long ago it was', async () => {
  const count = async (...args: string[]) =>
    (await audit(['export', file, ...args])).output.split('\n').length - 1;
  const all = await count();
  const [hour, now] = [3_600_000, Date.now()];
  const written = Date.parse(JSON.parse(readFileSync(file, 'utf8').split('\n')[0] ?? '').timestamp);
  expect(now - written, 'the log was written by this test').toBeLessThan(hour);
  expect(await count('--since', '1h')).toBe(all);
  expect(await count('--since', '1d')).toBe(all);
  expect(await count('--until', '60m')).toBe(0);
  expect(await count('--until', '0s')).toBe(all);
  expect(await count('--since', '0s')).toBe(0);
});

test.each(['2026-11-24T10:00:00', '11/24/2026', '7', 'Tue', '2026-02-30T00:00:00Z'])(
  'a time without a zone differs by host, so it is refused: %s',
  async (time) => {
    const { code, errors } = await audit(['stats', '--since', time, file]);
    expect([code, errors]).toEqual([
      3,
      expect.stringMatching(/is not a time with its zone, such as/),
    ]);
  },
);

test('a date alone is that day in UTC', async () => {
  await using folder = createFolder();
  const times = ['2025-12-31T23:59:59.999Z', '2026-01-01T00:00:00.000Z'];
  const lines = times.map((timestamp, seq) => JSON.stringify({ kind: 'started', seq, timestamp }));
  writeFileSync(folder.file, `${lines.join('\n')}\n`);
  for (const day of ['2026-01-01', '2026-01-01T01:00:00+01:00']) {
    const { output } = await audit(['export', '--since', day, folder.file]);
    expect(output, day).toBe(`${lines[1]}\n`);
  }
});

test('a key is found by each of its aliases and their ARNs, even if the call named it by none', async () => {
  await using folder = createFolder();
  const log = await openThreadless(folder.file);
  const source = { ...SOURCE, alias: '', aliases: ['alias/old', 'alias/older'] };
  const keys = { source, destination: DESTINATION };
  await log.intent({ ...intended(1), keys });
  await log.terminal({ ...answered(1), keys });
  await log.close();
  const [own, other] = [SOURCE.account, '999999999999'].map(
    (account) => `arn:aws:kms:${SOURCE.region}:${account}:alias/old`,
  );
  for (const alias of ['alias/old', 'alias/older', own, 'alias/ol', other]) {
    const chosen = await audit(['stats', '--json', folder.file, '--key-arn', `${alias}`]);
    const released = JSON.parse(chosen.output).outcome.released;
    expect(released, alias).toBe(alias === 'alias/ol' || alias === other ? undefined : 1);
  }
});

test('a key is found by its whole id or alias, not by the end of one', async () => {
  const found = async (name: string) =>
    (await audit(['export', file, '--key-arn', name])).output !== '';
  const id = SOURCE.keyArn.replace(/^.*key\//, '');
  for (const name of [SOURCE.keyArn, id, SOURCE.alias]) expect(await found(name), name).toBe(true);
  for (const name of [id.slice(1), SOURCE.alias.slice(-3)]) {
    expect(await found(name), name).toBe(false);
  }
});

test('--side finds a key as the source of calls, or as their destination, alone', async () => {
  const found = async (name: string, side: string) =>
    (await audit(['export', file, '--key-arn', name, '--side', side])).output !== '';
  expect(await found(SOURCE.alias, 'source')).toBe(true);
  expect(await found(SOURCE.alias, 'destination')).toBe(false);
  expect(await found(DESTINATION.keyArn, 'destination')).toBe(true);
  const alone = await audit(['export', file, '--side', 'source']);
  expect([alone.code, alone.errors]).toEqual([3, expect.stringContaining('needs --key-arn')]);
});

test('--rule finds what a rule decided, and how those calls ended', async () => {
  const found = async (rule: string) =>
    JSON.parse((await audit(['stats', '--json', file, '--rule', rule])).output).outcome;
  expect(await found(ALLOW.rule)).toEqual({ released: 30 });
  expect(await found(DENY.rule)).toEqual({ denied: 10 });
  expect(await found('none')).toEqual({});
});

test('--policy finds what policy allowed, or denied, and how those calls ended', async () => {
  const found = async (answer: string) =>
    JSON.parse((await audit(['stats', '--json', file, '--policy', answer])).output).outcome;
  expect(await found('allowed')).toEqual({ released: 30 });
  expect(await found('denied')).toEqual({ denied: 10 });
});
