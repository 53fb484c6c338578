import { writeFileSync } from 'node:fs';
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

test('tail, export and stats show what was asked for', async () => {
  const tail = await audit(['tail', file, '-n', '3', '--outcome', 'denied']);
  expect(tail.output.trim().split('\n')).toHaveLength(3);
  expect(tail.output).toContain('denied  POLICY_DENIED  spiffe://example.org/ns/orders/sa/api');
  const csv = (await audit(['export', '--format', 'csv', '--kind', 'outcome', file])).output;
  for (const row of csv.trim().split('\n').slice(1)) {
    expect(row, 'an outcome shows what its intent said').toContain(
      `spiffe://example.org/ns/orders/sa/api,spiffe,127.0.0.1:50000,${SOURCE.keyArn},${DESTINATION.keyArn}`,
    );
  }
  expect(csv.trim().split('\n')).toHaveLength(31);
  const jsonl = (await audit(['export', file])).output.trim().split('\n');
  expect(jsonl.map((line) => JSON.parse(line).seq)).toEqual(jsonl.map((_, seq) => seq));
  const stats = JSON.parse((await audit(['stats', '--json', file])).output);
  expect(stats.outcome).toEqual({ released: 30, denied: 10 });
  expect(stats.policy).toEqual({ allowed: 30, denied: 10 });
  expect(stats.revision).toEqual({ [ALLOW.revision]: 40 });
  for (const command of ['tail', 'export']) {
    const none = await audit([command, file, '--principal', 'spiffe://other/*']);
    expect(none).toMatchObject({ code: 0, output: '' });
    expect(none.errors).toContain('no entry is as the options ask');
  }
});

test('stats count how calls ended whose last entry is put right', async () => {
  await using folder = createFolder();
  await writeCorrected(folder.file);
  const { output } = await audit(['stats', '--json', folder.file]);
  expect(JSON.parse(output)).toMatchObject({
    outcome: { released: 1 },
    correction: { withheld: 1 },
  });
});

test('a call whose last entry is put right is found by how it ended, and exported with that', async () => {
  await using folder = createFolder();
  await writeCorrected(folder.file);
  for (const outcome of ['withheld', 'AUDIT_UNAVAILABLE']) {
    const chosen = ['export', '--format', 'csv', '--outcome', outcome, folder.file];
    const csv = (await audit(chosen)).output;
    const cells = ['decision_id', 'kind', 'status', 'reason'].map((name) => columnOf(csv, name));
    expect(cells.flat()).toEqual([
      intended(1).call.id,
      'correction',
      'withheld',
      'AUDIT_UNAVAILABLE',
    ]);
  }
});

test('tail, export and stats name a line that is no entry, without printing it', async () => {
  await using folder = createFolder();
  for (const content of ['{"kind":"x"}\n', '{"timestamp":"x"}\n', '\u001b[2J\n', '\n', 'null\n']) {
    writeFileSync(folder.file, content);
    for (const command of ['tail', 'export', 'stats']) {
      const { code, output, errors } = await audit([command, folder.file]);
      expect([code, output], command).toEqual([3, '']);
      expect(errors).toContain(`${folder.file}, line 1: entry 0 should be here, but this is not`);
      expect(errors).not.toContain('\u001b');
    }
  }
});

test('tail and export show why policy denied a call, enforced or not', async () => {
  await using folder = createFolder();
  const log = await openThreadless(folder.file);
  await log.terminal(judged(1, { decision: DENY }), new Refusal('POLICY_DENIED'));
  const observed = judged(2, { decision: { ...DENY, enforced: false } });
  await log.intent(observed);
  await log.terminal({ ...observed, intended: true }, new Refusal('KMS_THROTTLED'));
  const shadow = { comparison: 'deny_to_allow', revision: 'next', rule: 'r', failure: '' };
  await log.event('shadow', { shadow: { ...shadow, reasons: [{ code: 'hour', side: '' }] } });
  const failed = { ...shadow, comparison: 'failed', rule: '', failure: 'POLICY_FAILED' };
  await log.event('shadow', { shadow: { ...failed, reasons: [{ code: 'memory', side: '' }] } });
  await log.close();
  const { output } = await audit(['tail', folder.file]);
  expect(output).toMatch(/ {2}denied {2}POLICY_DENIED .* tenant_changed /);
  expect(output).toMatch(/ {2}intent {2}.* denied, not enforced {2}tenant_changed /);
  expect(output).toMatch(/ {2}failed {2}KMS_THROTTLED .* denied, not enforced {2}tenant_changed /);
  expect(output).toContain('shadow  deny_to_allow by next  rule r  hour\n');
  expect(output).toContain('shadow  failed by next  POLICY_FAILED  memory\n');
  const denied = await audit(['export', folder.file, '--policy', 'denied', '--kind', 'outcome']);
  expect(denied.output.trim().split('\n')).toHaveLength(1);
  const stats = JSON.parse((await audit(['stats', '--json', folder.file])).output);
  expect(stats.policy).toEqual({ denied: 2 });
  expect(stats.not_enforced).toEqual({ denied: 1 });
  expect(stats.shadow).toEqual({ deny_to_allow: 1, failed: 1 });
  const rows = (await audit(['export', '--format', 'csv', '--kind', 'outcome', folder.file]))
    .output;
  expect(rows).toMatch(
    /,false,default,failed,KMS_THROTTLED,.*,false,tenant_changed,,[^,\n]+,,,,,test\.example\/audit,,alias\/orders,alias\/orders-2026,\n$/,
  );
});

test('tail and CSV tell an activated policy from a refused one', async () => {
  await using folder = createFolder();
  const log = await openThreadless(folder.file);
  const digest = 'ab'.repeat(32);
  const serving = { policy: 'serving', revision: 'v1', digest };
  const none = { policy: 'candidate', outcome: 'refused', revision: '', digest: '' };
  for (const reload of [
    { ...serving, outcome: 'activated', sentence: '' },
    { ...serving, outcome: 'refused', sentence: 'the signature does not verify' },
    { ...none, sentence: 'ECONNREFUSED' },
  ]) {
    await log.event('reload', { reload });
  }
  await log.close();
  const { output } = await audit(['tail', folder.file, '--kind', 'reload']);
  expect(output.split('\n').map((line) => line.split('  ').slice(3).join('  '))).toEqual([
    `serving activated v1 sha256:${digest}`,
    `serving refused, still v1 sha256:${digest}: the signature does not verify`,
    'candidate refused, none serves: ECONNREFUSED',
    '',
  ]);
  const csv = (await audit(['export', '--format', 'csv', '--kind', 'reload', folder.file])).output;
  const columns = ['policy', 'outcome', 'digest', 'sentence'].map((name) =>
    columnOf(csv, `reload_${name}`),
  );
  expect(columns).toEqual([
    ['serving', 'serving', 'candidate'],
    ['activated', 'refused', 'refused'],
    [digest, digest, ''],
    ['', 'the signature does not verify', 'ECONNREFUSED'],
  ]);
});

test('tail, export and stats read entries whose texts a mask has replaced', async () => {
  await using folder = createFolder();
  const input = { principal: { id: null, kind: 7 }, source: { alias: null, key_arn: ['x'] } };
  const outcome = { status: 'released', code: 'OK' };
  const entry = { kind: 'outcome', seq: 0, timestamp: '2026-11-28T00:00:00Z', input, outcome };
  const crash = { kind: 'crash', seq: 1, timestamp: '2026-11-28T00:00:00Z', crash: null };
  const retention = { ...crash, kind: 'retention', seq: 2, retention: { deleted: 7 } };
  const lines = [entry, crash, retention].map((one) => `${JSON.stringify(one)}\n`);
  writeFileSync(folder.file, lines.join(''));
  for (const args of [['tail'], ['tail', '--key-arn', 'x'], ['stats'], ['export']]) {
    const { code, errors } = await audit([...args, folder.file]);
    expect({ code, errors }, args.join(' ')).toEqual({ code: 0, errors: '' });
  }
  const csv = (await audit(['export', '--format', 'csv', folder.file])).output;
  expect(columnOf(csv, 'principal')).toEqual(['', '', '']);
});

test('a token’s subject that looks like a SPIFFE ID is not shown or counted as one', async () => {
  await using folder = createFolder();
  const log = await openThreadless(folder.file);
  for (const kind of ['spiffe', 'jwt'] as const) {
    const principal = { ...PRINCIPAL, kind };
    await log.terminal({ call: callOf(1), principal }, new Refusal('INVALID_REQUEST'));
  }
  await log.close();
  const names = [PRINCIPAL.id, `jwt ${PRINCIPAL.id}`];
  const { output } = await audit(['stats', '--json', folder.file]);
  expect(JSON.parse(output).principal).toEqual({ [names[0] ?? '']: 1, [names[1] ?? '']: 1 });
  const lines = async (principal: string) =>
    (await audit(['tail', folder.file, '--principal', principal])).output.trim().split('\n');
  expect(await lines(PRINCIPAL.id)).toEqual(
    names.map((name) => expect.stringContaining(`  ${name}  `)),
  );
  expect(await lines('jwt *')).toEqual([expect.stringContaining(`  ${names[1]}  `)]);
});

test('tail and export tell an alias in another account by its ARN', async () => {
  await using folder = createFolder();
  const log = await openThreadless(folder.file);
  const theirs = `arn:aws:kms:eu-west-1:666666666666:${DESTINATION.alias}`;
  const destination = { ...DESTINATION, requestedKeyId: theirs, keyIdForm: 'alias_arn' } as const;
  for (const aliases of [[], [DESTINATION.alias]]) {
    const keys = { source: SOURCE, destination: { ...destination, aliases } };
    await log.terminal({ ...judged(1), keys }, new Refusal('POLICY_DENIED'));
  }
  await log.close();
  const { output } = await audit(['tail', folder.file, '--outcome', 'denied']);
  const csv = ['export', '--format', 'csv', folder.file, '--outcome', 'denied'];
  expect(columnOf((await audit(csv)).output, 'destination_alias')).toEqual([
    theirs,
    DESTINATION.alias,
  ]);
  const told = output.trim().split('\n');
  expect(told).toEqual([theirs, DESTINATION.alias].map((n) => expect.stringContaining(`→ ${n}  `)));
});

test('a difference of the candidate is shown, found and counted by whose call it was', async () => {
  await using folder = createFolder();
  const log = await openThreadless(folder.file);
  await log.intent(intended(1));
  await log.terminal(answered(1));
  const shadow = {
    ...{ comparison: 'allow_to_deny', effect: 'deny', revision: 'next', rule: 'r', failure: '' },
    reasons: [{ code: 'hour', side: '' }],
    served: { effect: 'allow', revision: ALLOW.revision, rule: ALLOW.rule },
  };
  await log.event('shadow', { decision_id: callOf(1).id, shadow });
  await log.close();
  const chosen = ['--kind', 'shadow', '--principal', PRINCIPAL.id, folder.file];
  const { output } = await audit(['tail', ...chosen]);
  expect(output).toContain(
    `shadow  ${PRINCIPAL.id}  ${SOURCE.alias} → ${DESTINATION.alias}  allow_`,
  );
  const stats = JSON.parse((await audit(['stats', '--json', ...chosen])).output);
  expect(stats.shadow_principal).toEqual({ [PRINCIPAL.id]: 1 });
  const csv = (await audit(['export', '--format', 'csv', ...chosen])).output;
  for (const [name, cell] of [
    ['principal', PRINCIPAL.id],
    ['rule', 'r'],
    ['policy_codes', 'hour'],
    ['revision', 'next'],
    ['shadow', 'allow_to_deny'],
  ] as const) {
    expect(columnOf(csv, name), name).toEqual([cell]);
  }
});

/** A released call whose caller, by its correction, got nothing. */
async function writeCorrected(path: string): Promise<void> {
  const log = await openThreadless(path);
  await log.intent(intended(1));
  await log.terminal(answered(1));
  const correction = { reason: 'AUDIT_UNAVAILABLE', status: 'withheld' };
  await log.event('correction', { correction, decision_id: intended(1).call.id });
  await log.close();
}
