import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { run } from '../../../src/cli/audit/run.ts';
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
import { createTerminal } from '../../helpers/run-command.ts';
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

test('tail paints how calls ended, on a terminal that takes colours', async () => {
  const tail = async (isTTY: boolean, args: readonly string[] = [], env = {}) => {
    const terminal = createTerminal({ env });
    Object.assign(terminal.stdout, { isTTY });
    await run(['tail', file, ...args], terminal);
    return terminal.output();
  };
  const painted = await tail(true);
  expect(painted).toContain('\u001b[32mreleased\u001b[0m  ');
  expect(painted).toContain('\u001b[33mdenied\u001b[0m  ');
  expect(painted).toContain('\u001b[2mintent\u001b[0m  ');
  const plain = await tail(false);
  expect(plain).toMatch(/ {2}released {2}.* {2}1\.5 ms {2}/);
  expect(plain).not.toContain('\u001b');
  expect(await tail(true, ['--no-color'])).toBe(plain);
  expect(await tail(true, [], { NO_COLOR: '1' })).toBe(plain);
});

test('stats count the rule of each call once, also of those that an option chooses', async () => {
  await using folder = createFolder();
  const log = await openThreadless(folder.file);
  await log.intent(intended(1));
  await log.terminal(answered(1));
  // No source key was named, so the policy was asked again, for the outcome.
  await log.intent(intended(2));
  await log.terminal({ ...answered(2), decision: { ...ALLOW, phase: 'result', rule: 'again' } });
  await log.close();
  for (const chosen of [[], ['--outcome', 'released']]) {
    const { output } = await audit(['stats', '--json', folder.file, ...chosen]);
    expect(JSON.parse(output).rule).toEqual({ [ALLOW.rule]: 1, again: 1 });
  }
});

test('stats count each code of a call’s objections once, on either side', async () => {
  await using folder = createFolder();
  const log = await openThreadless(folder.file);
  const reasons = ['key key', 'key hour'].map((codes) =>
    codes.split(' ').map((code) => ({ code, message: '', side: 'source' as const })),
  );
  for (const [number, why] of reasons.entries()) {
    const decision = { ...DENY, reasons: why };
    await log.terminal({ ...judged(number), decision }, new Refusal('POLICY_DENIED'));
  }
  await log.close();
  const { output } = await audit(['stats', '--json', folder.file, '--policy', 'denied']);
  expect(JSON.parse(output).policy_code).toEqual({ key: 2, hour: 1 });
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

test('stats span all logs and count every call that was turned away', async () => {
  await using late = createFolder();
  await using early = createFolder();
  const days = [late, early].map(({ file }, index) => ({ file, day: 21 - index }));
  for (const { file, day } of days) {
    const log = await openThreadless(file);
    await log.event('turned_away', { turned_away: { reason: 'UNAUTHENTICATED', count: day } });
    await log.close();
    const text = readFileSync(file, 'utf8');
    writeFileSync(
      file,
      text.replaceAll(/"timestamp":"\d+-\d+-\d+/g, `"timestamp":"2026-11-${day}`),
    );
  }
  const { output } = await audit(['stats', late.file, early.file]);
  expect(output).toMatch(/^from 2026-11-20T\S+ to 2026-11-21T/);
  expect(output).toMatch(/turned_away\n {10}41 {2}UNAUTHENTICATED\n$/);
  const none = await audit(['stats', late.file, '--principal', 'nobody']);
  expect(none).toMatchObject({ code: 0, output: 'no entries\n' });
});

test('stats count releases for each pair of keys, with the time of the last', async () => {
  await using folder = createFolder();
  const log = await openThreadless(folder.file);
  await log.intent(intended(1));
  await log.intent(intended(2));
  await log.terminal(answered(1));
  await log.terminal(answered(2));
  await log.terminal(judged(3, { decision: DENY }), new Refusal('POLICY_DENIED'));
  await log.close();
  const entries = readFileSync(folder.file, 'utf8').trim().split('\n');
  const outcomes = entries.map((line) => JSON.parse(line)).filter(({ kind }) => kind === 'outcome');
  const keys = { source: SOURCE.keyArn, destination: DESTINATION.keyArn };
  const last = outcomes.at(-1)?.timestamp;
  const { keys: pairs } = JSON.parse((await audit(['stats', '--json', folder.file])).output);
  expect(pairs).toEqual([{ ...keys, released: 2, last }]);
  const { output } = await audit(['stats', folder.file]);
  expect(output).toContain(`  2  ${keys.source} → ${keys.destination}  last ${last}\n`);
  const orphans = await audit(['stats', '--kind', 'outcome', folder.file]);
  expect(orphans.output).toContain(keys.source);
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

test('tail shows what happened to the log and its process, not only the kind', async () => {
  await using folder = createFolder();
  const log = await openThreadless(folder.file);
  await log.event('correction', {
    correction: { reason: 'AUDIT_UNAVAILABLE', status: 'withheld' },
  });
  await log.event('dropped', { dropped: { count: 7, sink: 'stdout' } });
  await log.crash('out of\nluck');
  await log.close();
  const { output } = await audit(['tail', folder.file]);
  expect(output).toMatch(/ {2}correction {2}reason AUDIT_UNAVAILABLE, status withheld/);
  expect(output).toMatch(/ {2}dropped {2}count 7, sink stdout\n/);
  expect(output).toMatch(/ {2}crash {2}cause out of\\u\{a\}luck\n/);
});

test('tail shows callers’ text on one line, without control characters', async () => {
  await using folder = createFolder();
  const log = await openThreadless(folder.file);
  const keyId = 'x\n99  forged\u001b[2J\u009b2J\u202e\u2028';
  const { source } = callOf(1);
  const call = callOf(1, { source: { ...source, keyId } });
  await log.terminal({ call, principal: PRINCIPAL }, new Refusal('INVALID_REQUEST'));
  await log.close();
  const { output } = await audit(['tail', folder.file]);
  expect(output).toContain('x\\u{a}99  forged\\u{1b}[2J\\u{9b}2J\\u{202e}\\u{2028}');
  for (const raw of ['\n99', '\u001b', '\u009b', '\u202e', '\u2028'])
    expect(output).not.toContain(raw);
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

/** A released call whose caller, by its correction, got nothing. */
async function writeCorrected(path: string): Promise<void> {
  const log = await openThreadless(path);
  await log.intent(intended(1));
  await log.terminal(answered(1));
  const correction = { reason: 'AUDIT_UNAVAILABLE', status: 'withheld' };
  await log.event('correction', { correction, decision_id: intended(1).call.id });
  await log.close();
}

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
