import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXAMPLE, withData } from '../../policy/values.ts';
import { fileOf, policy } from './run-policy.ts';

/** Two rules, each for a key of its own, and a call on the key of the first. */
const TWO_RULES = {
  kms_reencrypt: {
    principals: {
      anonymous: {
        kinds: ['anonymous'],
        rules: [
          { id: 'one', source: { keys: ['alias/a'] }, destination: { keys: ['alias/a'] } },
          { id: 'two', source: { keys: ['alias/b'] }, destination: { keys: ['alias/b'] } },
        ],
      },
    },
  },
};
const SIDE = { alias: 'alias/a', aliases: ['alias/a'] };
const ON_A = { principal: { kind: 'anonymous' }, source: SIDE, destination: SIDE };

describe('policy explain', () => {
  it('shows which condition of each rule fails, and the value', async () => {
    const input = '{"principal":{"kind":"anonymous"},"source":{"alias":"alias/x"}}';
    const { code, out } = await policy(`explain ${EXAMPLE} --input -`, input);
    expect(code).toBe(0);
    expect(out).toContain('deny by rule demo');
    expect(out).toContain('rule demo: does not fit');
    expect(out).toMatch(/source key: rule demo is not for this source key \(.*"alias":"alias\/x"/);
    expect(out).toMatch(/ {2}source key: .*"key_id_form":"alias_name".*"aliases":\[/);
  });

  it('judges each rule by itself, whichever of them allows', async () => {
    const file = fileOf('b.tar.gz', withData(TWO_RULES));
    const { out } = await policy(`explain ${file} --input -`, JSON.stringify(ON_A));
    expect(out).toMatch(/^allow by rule one\n\nrule one: fits\n\nrule two: does not fit\n/);
    expect(out).toContain('  source key: rule two is not for this source key (');
  });

  it('says of codes that only this policy has what they say, and nothing of the data', async () => {
    const glass = 'policies/recipes/break-glass/bundle.tar.gz';
    const file = fileOf('b.tar.gz', withData({ incidents: [], ...TWO_RULES }, glass));
    const { out } = await policy(`explain ${file} --input -`, JSON.stringify(ON_A));
    const why = '  no_incident: no open incident lets this principal use these keys\n';
    expect(out).toBe(
      `deny\n${why}\nrule one: does not fit\n${why}\nrule two: does not fit\n${why}`,
    );
  });

  it('says why a policy could not decide', async () => {
    const looping = 'test/fixtures/policies/hazards/bundle.tar.gz';
    const { out } = await policy(`explain ${looping} --input -`, '{"request":{"job":"loop"}}');
    expect(out).toMatch(/^deny: POLICY_TIMEOUT\n/);
  });

  it('takes the first of several inputs, one a line', async () => {
    const inputs = '{"principal":{"kind":"anonymous"}}\n{"principal":{"kind":"jwt"}}\n';
    const { out } = await policy(`explain ${EXAMPLE} --input -`, inputs);
    expect(out).toContain('deny by rule demo');
  });

  it.each([
    ['nothing, in a folder without inputs', () => mkdtempSync(join(tmpdir(), 'none-')), ''],
    ['a list', () => '-', '[]'],
  ])('refuses %s', async (_, where, input) => {
    const { code, err } = await policy(`explain ${EXAMPLE} --input ${where()}`, input);
    expect([code, err]).toEqual([1, expect.stringMatching(/there is no input|must be an object/)]);
  });

  it('shows what the rule wants, condition by condition', async () => {
    const rule = {
      id: 'r',
      source: { states: ['Disabled'], max_age_days: 0, tags: { env: ['prod'] } },
      destination: { is: { region: ['eu-west-3'] }, forbidden_context_keys: ['tenant'] },
      context: { bind: { tenant: 'team' } },
      relation: { same_account: false },
      call: { hours_utc: [10, 17], weekdays: ['Tuesday'], until_unix_ms: 1e12 },
    };
    const grant = { kinds: ['anonymous'], rules: [rule] };
    const file = fileOf(
      'b.tar.gz',
      withData({ kms_reencrypt: { principals: { anonymous: grant } } }),
    );
    const { out } = await policy(`explain ${file} --input -`, '{"principal":{"kind":"anonymous"}}');
    expect(out).toMatch(
      /^ {2}hour: rule r is not for this hour \(UTC\) \(9; data\.json has \[10,17\]\)$/m,
    );
    for (const [code, has] of [
      ['source key', '[]'],
      ['source key_state', '["Disabled"]'],
      ['source key_age', '0'],
      ['source key_tag', '{"env":["prod"]}'],
      ['destination key_fact', '{"region":["eu-west-3"]}'],
      ['destination context_forbidden', '["tenant"]'],
      ['source context_bind', '{"tenant":"team"}'],
      ['relation', '{"same_account":false}'],
      ['weekday', '["Tuesday"]'],
      ['ended', '1000000000000'],
    ]) {
      const line = out.split('\n').find((one) => one.startsWith(`  ${code}: `));
      expect(line).toMatch(/; data\.json has /);
      expect(line?.endsWith(`; data.json has ${has})`), line).toBe(true);
    }
    expect(out).toMatch(/^ {2}ended: .* \(\{"rfc3339":"[^"]+","unix_ms":\d+\}; /m);
  });

  it('shows every fact that the rule asks for, and no other', async () => {
    const is = { region: ['eu-west-3'], multi_region_type: ['PRIMARY'], created_unix_ms: [0] };
    const rules = [{ id: 'r', source: { is }, destination: {} }];
    const principals = { anonymous: { kinds: ['anonymous'], rules } };
    const file = fileOf('b.tar.gz', withData({ kms_reencrypt: { principals } }));
    const input = { principal: { kind: 'anonymous' }, source: { multi_region_type: 'REPLICA' } };
    const { out } = await policy(`explain ${file} --input -`, JSON.stringify(input));
    const found =
      '{"region":"eu-west-1","multi_region_type":"REPLICA","created_unix_ms":1735689600000}';
    expect(out).toContain(`(${found}; data.json has ${JSON.stringify(is)})`);
  });

  it('shows the kinds that data.json has for the principal’s id', async () => {
    const { out } = await policy(
      `explain ${EXAMPLE} --input -`,
      '{"principal":{"id":"anonymous","kind":"jwt"}}',
    );
    expect(out).toContain(
      'no_rule: no rule is for this principal (jwt) ({"id":"anonymous","kind":"jwt"}; data.json has ["anonymous"])',
    );
  });

  it('refuses to trace an archive, before any output', async () => {
    const { code, out, err } = await policy(`explain ${EXAMPLE} --input - --trace`, '{}');
    expect([code, out, err]).toEqual([
      1,
      '',
      expect.stringContaining(`needs a folder of Rego, and ${EXAMPLE} is not one`),
    ]);
  });

  it('does not say that a rule fits when other Rego decides', async () => {
    const id = 'spiffe://example.org/people/ada';
    const [key, from, until] = ['arn:k', '2026-01-05T09:00:00Z', '2026-01-05T17:00:00Z'];
    const incidents = [{ id: 'INC-1', principals: [id], keys: [key], from, until }];
    const rules = [{ id: 'r', source: {}, destination: {} }];
    const data = {
      incidents,
      kms_reencrypt: { principals: { [id]: { kinds: ['spiffe'], rules } } },
    };
    const file = fileOf('b.tar.gz', withData(data, 'policies/recipes/break-glass/bundle.tar.gz'));
    const side = { key_arn: key };
    const principal = { id, kind: 'spiffe' };
    const input = { principal, source: side, destination: side, time: { rfc3339: from } };
    const { out } = await policy(`explain ${file} --input -`, JSON.stringify(input));
    expect(out).toBe('allow by rule INC-1\n\nrule r: does not decide, INC-1 does\n');
  });

  it('says what the mask of the policy took from an audit entry', async () => {
    const part =
      '"decision_id":"d","input":{"source":{},"destination":{},"principal":{},"request":{}}';
    const masks = '"erased":["/input/source/tags"],"masked":["/input/source/alias"]';
    const entry = `{"kind":"intent","timestamp":"2026-01-05T09:00:00.000Z",${part}`;
    const { code, out } = await policy(`explain ${EXAMPLE} --input -`, `${entry},${masks}}`);
    expect(code).toBe(0);
    expect(out).toContain('judged otherwise: /input/source/tags, /input/source/alias\n');
    const whole = await policy(`explain ${EXAMPLE} --input -`, `${entry}}`);
    expect(whole.out).not.toContain('judged otherwise');
  });

  it('says which rule allows', async () => {
    const { out } = await policy(`explain ${EXAMPLE} --input policies/samples/demo.json`);
    expect(out).toMatch(/^allow by rule demo\n\nrule demo: fits\n/);
  });
});
