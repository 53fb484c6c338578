import { describe, expect, it } from 'vitest';
import { EXAMPLE } from '../../policy/values.ts';
import { policy } from './run-policy.ts';

const CASES = 'policies/example/cases.yaml';
/** How a report shows a name that would forge a line. */
const SHOWN: Readonly<Record<string, string>> = {
  tap: 'not ok 1 - a \\# TODO ]]> \\\\ \\\\u{1}',
  junit:
    'name="a # TODO ]]&gt; \\ \\u{1}\\u{1b}[2J\\u{85}\\u{2028}\\u{fffe}\\u{d800}\\u{d}\\u{a}not',
  pretty: '\\u{d}\\u{a}not ok 9 - forged: allow is false',
};

describe('policy test', () => {
  it('passes the cases of the example policy, with every rule covered', async () => {
    const { code, out } = await policy(`test ${EXAMPLE} ${CASES} --require-coverage`);
    expect([code, out]).toEqual([0, '6 passed, 0 failed\n']);
  });

  it('does not count a rule as covered by a denial', async () => {
    const table =
      'cases: [{name: no, input: {principal: {id: "", kind: anonymous}}, expect: {allow: false, rule: demo}}]';
    const { code, out, err } = await policy(`test ${EXAMPLE} - --require-coverage`, table);
    expect([code, out]).toEqual([1, '1 passed, 0 failed\nrules that allowed no case: demo\n']);
    expect(err).toContain('no case is allowed by demo');
  });

  it('does not pass for covered where the data has no rules to cover', async () => {
    const table = 'cases: [{name: no, expect: {allow: false}}]';
    const glass = 'policies/recipes/break-glass/bundle.tar.gz';
    const { code, err } = await policy(`test ${glass} - --require-coverage`, table);
    expect([code, err]).toEqual([1, expect.stringContaining('no list `rules` is in the data')]);
  });

  it('names what differs, and the rules that allowed no case', async () => {
    const table = 'cases: [{name: "a <b>", expect: {allow: true, rule: demo}}]';
    const { code, out, err } = await policy(`test ${EXAMPLE} -`, table);
    expect(code).toBe(1);
    const why = 'no rule is for this principal (spiffe)';
    expect(out).toContain(
      `FAIL -: a <b>: allow is false, not true; rule is "", not "demo" (${why})\n`,
    );
    expect(out).toContain('rules that allowed no case: demo');
    expect(err).toContain('1 of 1 cases failed');
  });

  it('fails a case that is denied only because the policy could not decide', async () => {
    const table = 'cases: [{name: loop, input: {request: {job: loop}}, expect: {allow: false}}]';
    const { code, out } = await policy(
      'test test/fixtures/policies/hazards/bundle.tar.gz -',
      table,
    );
    expect(code).toBe(1);
    expect(out).toContain('FAIL -: loop: failure is "POLICY_TIMEOUT", not "" (the policy does');
  });

  it('compares labels', async () => {
    const incident = 'policies/recipes/break-glass/bundle.tar.gz';
    const cases = (labels: string) =>
      `base: {principal: {id: "spiffe://example.org/people/ada", kind: spiffe}, time: {rfc3339: "2026-01-05T09:00:00Z"}}
cases: [{name: glass, expect: {allow: true, labels: ${labels}}}]`;
    expect((await policy(`test ${incident} -`, cases('{incident: INC-1}'))).code).toBe(0);
    const { out } = await policy(`test ${incident} -`, cases('{}'));
    expect(out).toContain('labels is {"incident":"INC-1"}, not {} (rule INC-1 allows it)');
  });

  it.each([
    ['tap', /^TAP version 14\n1\.\.1\nnot ok 1 - a <b>\n/],
    ['junit', /<testcase classname="-" name="a &lt;b&gt;"><failure message="allow is false/],
  ])('reports as %s', async (format, text) => {
    const table = 'cases: [{name: "a <b>", expect: {allow: true}}]';
    const { out } = await policy(`test ${EXAMPLE} - --format ${format}`, table);
    expect(out).toMatch(text);
  });

  it.each(['tap', 'junit', 'pretty'])(
    'reports any name on a line of its own, as %s',
    async (format) => {
      const name = 'a # TODO ]]> \\ \u0001\u001b[2J\u0085\u2028\ufffe\ud800\r\nnot ok 9 - forged';
      const table = JSON.stringify({ cases: [{ name, expect: { allow: true, rule: name } }] });
      const { out } = await policy(`test ${EXAMPLE} - --format ${format}`, table);
      expect(out).not.toMatch(/[^\n\P{C}]|[\u2028\ufffe]|^not ok 9/mu);
      expect(out).toContain(SHOWN[format]);
    },
  );

  it.each([
    ['tap', /^1\.\.2\nok 1 - a\nnot ok 2 - rule demo decides a case$/m],
    [
      'junit',
      /tests="2" failures="1">\n.*\n.*classname="coverage" name="rule demo decides a case"><f/,
    ],
  ])(
    'reports a rule without a case as a failure when coverage is required, as %s',
    async (format, text) => {
      const table = 'cases: [{name: a, expect: {allow: false}}]';
      const { code, out } = await policy(
        `test ${EXAMPLE} - --require-coverage --format ${format}`,
        table,
      );
      expect([code, out]).toEqual([1, expect.stringMatching(text)]);
    },
  );

  it('reports everything as json', async () => {
    const table = 'cases: [{name: a, expect: {allow: true}}, {name: b, expect: {allow: false}}]';
    const { code, out } = await policy(`test ${EXAMPLE} - --format json`, table);
    const problem = 'allow is false, not true (no rule is for this principal (spiffe))';
    expect([code, JSON.parse(out)]).toEqual([
      1,
      {
        results: [
          { file: '-', name: 'a', problem },
          { file: '-', name: 'b', problem: '' },
        ],
        uncovered: ['demo'],
      },
    ]);
  });

  it.each([
    ['principal: {kind: spifee}', '/principal/kind must be one of spiffe, mtls, jwt'],
    ['action: ReEncrypt', '/action must be one of kms:ReEncrypt, kms:CheckReEncrypt'],
    ['phase: response', '/phase must be one of request, result'],
    ['request: {transport: http}', '/request/transport must be one of grpc, kms_json'],
    [
      'source: {key_id_form: arn}',
      "/source/key_id_form must be one of key_id, key_arn, alias_name, alias_arn, ''",
    ],
    ['source: {algorithm: RSA}', '/source/algorithm must be one of SYMMETRIC_DEFAULT, '],
    ['source: {alais: alias/a}', ' has no field /source/alais'],
    ['relation: {same: true}', '/relation/same; /relation has known, same_key, same_mrk_family,'],
    ['call: {hour: 3}', '/call; / has version, action, phase, principal, source, destination,'],
    ['source: {encryption_context: {tenant: 1}}', '/source/encryption_context must be an object'],
    ['source: {aliases: alias/a}', '/source/aliases must be a list of strings, not "alias/a"'],
    ['request: {dry_run: "true"}', '/request/dry_run must be true or false'],
    ['source:', '/source must be an object, not null'],
  ])('fails a case with %s by its name, and tries the rest', async (input, problem) => {
    const table = `cases: [{name: odd, input: {${input}}, expect: {allow: false}}, {name: b, expect: {allow: false}}]`;
    const { code, out, err } = await policy(`test ${EXAMPLE} -`, table);
    expect(out).toMatch(/^FAIL -: odd: the input/m);
    expect(out).toContain(problem);
    expect([code, err]).toEqual([1, expect.stringContaining('of 2 cases failed')]);
  });

  it('refuses a table of another form', async () => {
    const { code, err } = await policy(`test ${EXAMPLE} -`, 'cases: [{nam: x}]');
    expect([code, err]).toEqual([1, expect.stringMatching(/is not a table of cases/)]);
  });
});
