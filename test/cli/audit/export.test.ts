import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Refusal } from '../../../src/errors.ts';
import { callOf, DESTINATION, intended, PRINCIPAL, SOURCE } from '../../audit/samples.ts';
import { createFolder, openThreadless } from '../../audit/world.ts';
import { columnOf } from './column-of.ts';
import { runAudit as audit } from './run-audit.ts';
import { makeWhole } from './whole-log.ts';

const { file } = makeWhole();

test('CSV has the request id of a call that KMS refused', async () => {
  await using folder = createFolder();
  const log = await openThreadless(folder.file);
  await log.intent(intended(1));
  const details = { kmsError: 'DisabledException', kmsRequestId: 'f00d' };
  await log.terminal(intended(1), new Refusal('KMS_KEY_DISABLED', details));
  await log.close();
  const csv = (await audit(['export', '--format', 'csv', '--kind', 'outcome', folder.file])).output;
  expect(columnOf(csv, 'kms_request_id')).toEqual(['f00d']);
});

test('CSV shows which bundle decided each call, even if only the intent has it', async () => {
  const rows = (await audit(['export', '--format', 'csv', '--kind', 'outcome', file])).output;
  const intents = (await audit(['export', '--kind', 'intent', file])).output.trim().split('\n');
  const revisions = intents.map((line) => JSON.parse(line).bundles.policy.revision);
  expect(columnOf(rows, 'revision')).toEqual(revisions);
});

test('CSV has the number, time, code and latency of each outcome', async () => {
  const outcomes = (await audit(['export', '--kind', 'outcome', file])).output.trim().split('\n');
  const entries = outcomes.map((line) => JSON.parse(line));
  const csv = (await audit(['export', '--format', 'csv', '--kind', 'outcome', file])).output;
  const columns = ['seq', 'timestamp', 'code', 'kms_latency_ns'].map((name) => columnOf(csv, name));
  expect(columns).toEqual([
    entries.map(({ seq }) => `${seq}`),
    entries.map(({ timestamp }) => timestamp),
    entries.map(() => 'OK'),
    entries.map(({ kms }) => `${kms.latency_ns}`),
  ]);
});

test('CSV names the origin of each entry, even if it changed within a log', async () => {
  await using folder = createFolder();
  for (const origin of ['fleet.example/a', 'fleet.example/b']) {
    await (await openThreadless(folder.file, { origin })).close();
  }
  const csv = (await audit(['export', '--format', 'csv', '--kind', 'started', folder.file, file]))
    .output;
  expect(columnOf(csv, 'origin')).toEqual([
    'fleet.example/a',
    'fleet.example/b',
    'test.example/audit',
  ]);
});

test('docs/audit.md lists every CSV column, in order', async () => {
  const [header = ''] = (await audit(['export', '--format', 'csv', file])).output.split('\n');
  const [, section = ''] =
    /^## As CSV\n(.*?)^## /ms.exec(readFileSync('docs/audit.md', 'utf8')) ?? [];
  const listed = [...section.matchAll(/^\| (`.*?`) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name),
  );
  expect(listed).toEqual(header.split(','));
});

test('no CSV cell begins like a formula, in half width or full', async () => {
  await using folder = createFolder();
  const log = await openThreadless(folder.file);
  const signs = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
  for (const [index, sign] of signs.entries()) {
    const principal = { ...PRINCIPAL, id: `${sign}1,"2"` };
    await log.terminal({ call: callOf(index), principal }, new Refusal('INVALID_REQUEST'));
  }
  await log.close();
  const rows = (await audit(['export', '--format', 'csv', '--kind', 'refusal', folder.file]))
    .output;
  expect(rows.match(/,"'[=+\-@\t\r\n＝＋－＠]1,""2""",/g)).toHaveLength(signs.length);
});

test('export tells a key that a call named by its ARN by all aliases that it had', async () => {
  await using folder = createFolder();
  const log = await openThreadless(folder.file);
  const source = { ...SOURCE, alias: '', aliases: ['alias/old', 'alias/older'] };
  await log.intent({ ...intended(1), keys: { source, destination: DESTINATION } });
  await log.close();
  const rows = ['export', '--format', 'csv', '--kind', 'intent', folder.file];
  const csv = (await audit(rows)).output;
  expect(columnOf(csv, 'source_alias')).toEqual(['alias/old alias/older']);
  expect(columnOf(csv, 'destination_alias')).toEqual([DESTINATION.alias]);
});
