import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { SAMPLES } from '../../../src/policy/samples.ts';
import { withManifest } from '../../policy/tar.ts';
import { archive, EXAMPLE, HAZARDS } from '../../policy/values.ts';
import { fileOf, policy } from './run-policy.ts';

const CASES = 'policies/example/cases.yaml';

describe('policy diff', () => {
  it('finds no difference between a bundle and itself', async () => {
    const same = fileOf('b.tar.gz', withManifest(archive(EXAMPLE), { revision: 'other' }));
    const { code, out } = await policy(`diff ${EXAMPLE} ${same} --samples policies/samples`);
    expect([code, out]).toEqual([0, '9 compared, 0 differ, 0 not replayable\n']);
  });

  it('takes tables of cases as samples, and names a file that is wrong', async () => {
    const { out } = await policy(`diff ${EXAMPLE} ${HAZARDS} --samples ${CASES}`);
    expect(out).toMatch(/^deny → allow {2}policies\/example\/cases\.yaml: to another tenant {2}/m);
    expect(out).toMatch(/^14 compared, /m);
    const wrong = fileOf('wrong.yaml', 'source: { alais: x }');
    const { err } = await policy(`diff ${EXAMPLE} ${HAZARDS} --samples ${wrong}`);
    expect(err).toContain(`${wrong}: the input has no field /source/alais`);
  });

  it('names what another bundle decides differently', async () => {
    const { code, out } = await policy(`diff ${EXAMPLE} ${HAZARDS}`);
    expect(code).toBe(1);
    expect(out).toMatch(/^deny → allow {2}a plain call {2}fine$/m);
  });

  it('compares every call of a log that is given as samples', async () => {
    const lines = [{ input: {} }, { kind: 'outcome' }, { input: {} }];
    const entries = lines.map((line) => JSON.stringify({ decision_id: 'id', ...line }));
    const log = fileOf('calls.jsonl', `${entries.join('\n')}\n`);
    const { out } = await policy(`diff ${EXAMPLE} ${HAZARDS} --samples ${log}`);
    expect(out).toContain(`deny → allow  ${log}:1  fine\n`);
    expect(out).toContain(`deny → allow  ${log}:3  fine\n`);
    expect(out).not.toContain(`${log}:2`);
  });
});

describe('policy replay', () => {
  const side = (alias: string, tenant: string) => ({
    algorithm: 'SYMMETRIC_DEFAULT',
    alias,
    aliases: [alias],
    encryption_context: { tenant },
    key_arn: 'arn:aws:kms:eu-west-1:111122223333:key/k',
    known: true,
    requested_key_id: alias,
    state: 'Enabled',
  });
  const entry = (tenant: string, more: object = {}) =>
    JSON.stringify({
      kind: 'intent',
      decision_id: 'id-1',
      timestamp: '2026-11-23T12:00:00.000Z',
      input: {
        action: 'kms:ReEncrypt',
        phase: 'request',
        principal: {
          id: '',
          kind: 'anonymous',
          authenticated: false,
          attributes: {},
          spiffe: { path: '', trust_domain: '' },
        },
        request: { id: 'id-1', transport: 'grpc' },
        source: side('alias/demo-source', tenant),
        destination: side('alias/demo-destination', tenant),
      },
      result: { allow: true, labels: {}, reasons: [], rule: 'demo' },
      ...more,
    });

  it('decides recorded calls again, except those with a masked value', async () => {
    const log = [
      entry('a'),
      entry(`hmac-sha256:${'0'.repeat(64)}`),
      entry('a', { masked: ['/input/x'] }),
    ];
    const same = await policy(`replay ${EXAMPLE} -`, log.join('\n'));
    expect(same.code).toBe(0);
    expect(same.out).toMatch(/^1 replayed, 0 changed, 2 not replayable \(values are masked; see /);
  });

  it('passes over entries that hold no decision, as if they were not there', async () => {
    const others = [
      { kind: 'outcome', decision_id: 'id-1', outcome: { code: 'OK', status: 'released' } },
      { kind: 'retention', retention: { deleted: [] } },
      { ...JSON.parse(entry('a')), kind: 'start' },
      { ...JSON.parse(entry('a')), kind: 'refusal', error: { reason: 'POLICY_TIMEOUT' } },
    ].map((other) => JSON.stringify(other));
    const { code, out } = await policy(`replay ${EXAMPLE} -`, [entry('a'), ...others].join('\n'));
    expect([code, out]).toEqual([0, '1 replayed, 0 changed, 0 not replayable\n']);
  });

  it('reads U+2028 in a value as text', async () => {
    const { code, out } = await policy(`replay ${EXAMPLE} -`, `${entry('a\u2028b')}\r\n\r\n`);
    expect(out).toMatch(/^1 replayed, 0 changed/);
    expect(code).toBe(0);
  });

  it('fails when every value is masked, as in the audit log', async () => {
    const { code, out, err } = await policy(
      `replay ${EXAMPLE} -`,
      entry(`hmac-sha256:${'0'.repeat(64)}`),
    );
    expect(out).toMatch(/^0 replayed, 0 changed, 1 not replayable/);
    expect([code, err]).toEqual([1, expect.stringContaining('there was no call to replay')]);
  });

  it('reads files, a folder of segments or a whole log as one, gzipped or not', async () => {
    const first = fileOf('audit-000000000000.jsonl.gz', gzipSync(`${entry('a')}\n`));
    const folder = dirname(first);
    const live = join(folder, 'audit.jsonl');
    writeFileSync(live, `${entry('b')}\n${entry('c')}\n`);
    const replayed = async (paths: string) => (await policy(`replay ${EXAMPLE} ${paths}`)).out;
    for (const paths of [folder, `${first} ${live}`]) {
      expect(await replayed(paths)).toMatch(/^3 replayed, 0 changed/);
    }
    writeFileSync(`${live}.checkpoint`, '');
    for (const paths of [live, `${first} ${live}`]) {
      expect(await replayed(paths)).toMatch(/^3 replayed, 0 changed/);
    }
    const { code, out } = await policy(`diff ${EXAMPLE} ${HAZARDS} --all --entries ${folder}`);
    expect([code, out.match(/ {2}id-1 {2}/g)?.length]).toEqual([1, 3]);
  });

  it.each([
    ['none.jsonl', 'no such file'],
    [fileOf('audit.jsonl.gz', 'rubbish'), 'incorrect header'],
    [
      fileOf('audit.jsonl', `${entry('a')}\n\nrubbish\n`),
      'audit.jsonl, line 3 is not an entry: a line of an audit log',
    ],
    [
      fileOf('audit.jsonl', `${entry('a', { result: 7 })}\n`),
      'audit.jsonl, line 1: result of the entry is not an object',
    ],
    [dirname(fileOf('x', '')), 'does not hold an audit log'],
  ])('says in one sentence why %s cannot be read', async (path, why) => {
    const { code, err } = await policy(`replay ${EXAMPLE} ${path}`);
    expect(code).toBe(1);
    expect(err).toContain(path);
    expect(err).toContain(why);
    expect(err.trim().split('\n')).toHaveLength(1);
  });

  it('explains a log entry, and says what its masks leave open', async () => {
    const clear = await policy(`explain ${EXAMPLE} --input -`, entry('a'));
    expect(clear).toMatchObject({ code: 0, out: 'allow by rule demo\n\nrule demo: fits\n' });
    const outcome = '{"kind":"outcome","decision_id":"id-1"}';
    const both = await policy(`explain ${EXAMPLE} --input -`, `${outcome}\n${entry('a')}\n`);
    expect(both).toEqual(clear);
    const masked = await policy(`explain ${EXAMPLE} --input -`, entry('hmac-sha256:0'));
    expect(masked.out).toMatch(/^allow by rule demo\n {2}values .* are masked/);
    const none = await policy(`explain ${EXAMPLE} --input -`, outcome);
    expect([none.code, none.err]).toEqual([1, expect.stringMatching(/its intent or refusal does/)]);
  });

  it('decides again about the source key that KMS reported, and explains that decision', async () => {
    const { input, ...rest } = JSON.parse(entry('a'));
    const unknown = { ...input.source, key_arn: '', alias: '', aliases: [], known: false };
    const intent = { ...rest, input: { ...input, source: unknown } };
    const source = { ...input.source, alias: '', aliases: ['alias/other'] };
    const result = { allow: false, rule: 'demo', reasons: [] };
    const withheld = { ...rest, kind: 'outcome', result };
    const outcome = { ...withheld, input: { ...input, phase: 'result', source } };
    const log = [intent, outcome].map((one) => JSON.stringify(one)).join('\n');
    const same = await policy(`replay ${EXAMPLE} -`, log);
    expect([same.code, same.out]).toEqual([0, '2 replayed, 0 changed, 0 not replayable\n']);
    const changed = await policy(`replay ${HAZARDS} -`, JSON.stringify(outcome));
    expect(changed.out).toMatch(
      /^deny → allow {2}id-1 {2}anonymous {2}was demo, is fine\n1 replayed, 1 /,
    );
    const { out } = await policy(`explain ${EXAMPLE} --input -`, log);
    expect(out).toMatch(/^deny by rule demo\n {2}source key: /);
  });

  it('counts an allow that needs a source key as the refusal that it was, or would be', async () => {
    const { input, ...rest } = JSON.parse(entry('a'));
    const source = { ...input.source, key_arn: '', alias: '', aliases: [], known: false };
    const intent = JSON.stringify({ ...rest, input: { ...input, source } });
    const { out } = await policy(`replay ${HAZARDS} -`, intent);
    const now = 'is fine: source SOURCE_KEY_REQUIRED';
    expect(out).toMatch(`allow → deny  id-1  anonymous  was demo, ${now}\n1 replayed, 1 changed`);
    const outcome = { status: 'denied', reason: 'SOURCE_KEY_REQUIRED' };
    const denied = { allow: false, rule: 'fine', reasons: [] };
    const refusal = JSON.stringify({
      ...JSON.parse(intent),
      kind: 'refusal',
      result: denied,
      outcome,
    });
    const same = await policy(`replay ${HAZARDS} -`, refusal);
    expect([same.code, same.out]).toEqual([0, '1 replayed, 0 changed, 0 not replayable\n']);
    const table = fileOf(
      't.json',
      JSON.stringify({ cases: [{ name: 'x', input: { source }, expect: { allow: true } }] }),
    );
    expect((await policy(`test ${HAZARDS} ${table}`)).out).toMatch(
      /allow is false, not true \(it is allowed only if /,
    );
  });

  it('decides the re-encryption that a check asked about, not the check itself', async () => {
    const { input, ...rest } = JSON.parse(entry('a', { kind: 'check' }));
    const check = { ...rest, input: { ...input, action: 'kms:CheckReEncrypt' } };
    const denied = {
      ...check,
      input: { ...check.input, destination: side('alias/demo-destination', 'b') },
      result: { allow: false, rule: 'demo', reasons: [] },
    };
    const log = `${JSON.stringify(check)}\n${JSON.stringify(denied)}\n`;
    expect((await policy(`replay ${EXAMPLE} -`, log)).out).toMatch(/^2 replayed, 0 changed/);
    const { out } = await policy(`explain ${EXAMPLE} --input -`, JSON.stringify(denied));
    expect(out).toMatch(/^deny by rule demo\n {2}destination context_keep: /);
  });

  it('names what another bundle would change', async () => {
    const log = entry('a', { result: { allow: false, rule: '', reasons: [], labels: {} } });
    const { code, out } = await policy(`replay ${EXAMPLE} -`, log);
    expect(code).toBe(1);
    expect(out).toContain('deny → allow  id-1  anonymous  was no rule, is demo\n');
  });

  it('tells a token’s subject with its kind, because it may look like another principal', async () => {
    const { input, ...rest } = JSON.parse(entry('a'));
    const principal = { ...input.principal, id: 'spiffe://x/y', kind: 'jwt', authenticated: true };
    const line = JSON.stringify({ ...rest, input: { ...input, principal } });
    const { out } = await policy(`replay ${EXAMPLE} -`, line);
    expect(out).toContain('allow → deny  id-1  jwt spiffe://x/y  was ');
  });

  it('tells of calls that change alike once, and of each with --all', async () => {
    const denied = { result: { allow: false, rule: '', reasons: [], labels: {} } };
    const ids = ['id-1', 'id-2', 'id-3'];
    const log = ids.map((id) => entry('a', { ...denied, decision_id: id })).join('\n');
    const line = 'deny → allow  id-1  anonymous  was no rule, is demo';
    const { out } = await policy(`replay ${EXAMPLE} -`, log);
    expect(out).toBe(`${line}, and 2 more\n3 replayed, 3 changed, 0 not replayable\n`);
    const all = await policy(`replay ${EXAMPLE} - --all`, log);
    expect(all.out.match(/^deny → allow {2}id-\d {2}anonymous/gm)).toHaveLength(3);
    const other = await policy(`diff ${HAZARDS} ${EXAMPLE} --entries -`, log);
    expect(other.out).toMatch(/id-1 {2}anonymous {2}.*, and 2 more\n/);
  });

  it('names a captured call by its id, and says why it would be denied', async () => {
    const input = {
      ...SAMPLES['a plain call'],
      request: { ...SAMPLES['a plain call'].request, id: 'id-2' },
    };
    const { id } = input.principal;
    const line = JSON.stringify({ input, result: { allow: true, rule: 'demo' } });
    const { out } = await policy(`replay ${EXAMPLE} -`, line);
    expect(out).toContain(`allow → deny  id-2  ${id}  was demo, is no rule: no_rule\n`);
    const other = await policy(`diff ${HAZARDS} ${EXAMPLE} --entries -`, line);
    expect(other.out).toContain(`allow → deny  id-2  ${id}  no rule: no_rule\n`);
  });
});
