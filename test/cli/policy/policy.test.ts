import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { run } from '../../../src/cli/policy/run.ts';
import { SAMPLES } from '../../../src/policy/samples.ts';
import { bundleToken, signaturesFile } from '../../policy/signing.ts';
import { entriesOf, tarGz, withManifest } from '../../policy/tar.ts';
import { archive, EXAMPLE, HAZARDS } from '../../policy/values.ts';

async function policy(args: string, stdin = '') {
  const written = { out: '', err: '' };
  const sink = (name: 'out' | 'err') =>
    new Writable({
      write(chunk, _encoding, done) {
        written[name] += String(chunk);
        done();
      },
    });
  const code = await run(args.split(' '), {
    stdin: Readable.from([Buffer.from(stdin)]),
    stdout: sink('out'),
    stderr: sink('err'),
    env: {},
  });
  return { code, ...written };
}

const fileOf = (name: string, content: string | Buffer) => {
  const file = join(mkdtempSync(join(tmpdir(), 'policy-')), name);
  writeFileSync(file, content);
  return file;
};
const PRIVATE_KEY = String(
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }),
);
const ENDED = withManifest(archive(EXAMPLE), { metadata: { not_after: '2026-01-01T00:00:00Z' } });
const CASES = 'policies/example/cases.yaml';

/** The example policy, or another, with other data. */
function withData(data: object, bundle = EXAMPLE) {
  const content = JSON.stringify(data);
  return tarGz(
    entriesOf(archive(bundle)).map((entry) =>
      entry.name === '/data.json' ? { ...entry, content } : entry,
    ),
  );
}

/** How a report shows a name that would forge a line. */
const SHOWN: Readonly<Record<string, string>> = {
  tap: 'not ok 1 - a \\# TODO ]]> \\\\ \\\\u{1}',
  junit:
    'name="a # TODO ]]&gt; \\ \\u{1}\\u{1b}[2J\\u{85}\\u{2028}\\u{fffe}\\u{d800}\\u{d}\\u{a}not',
  pretty: '\\u{d}\\u{a}not ok 9 - forged: allow is false',
};

describe('policy check', () => {
  it('shows the bundle that a proxy would load', async () => {
    const { code, out } = await policy(`check ${EXAMPLE} --samples policies/samples`);
    expect(code).toBe(0);
    expect(out).toMatch(
      /^revision example-2\nsha256 {3}[0-9a-f]{64}\nsigned {3}no\nends {5}never\nsamples {2}\d+ answered\n$/,
    );
  });

  it('says that metadata other than not_after sets no end', async () => {
    const bundle = withManifest(archive(EXAMPLE), { metadata: { 'expires\u001b[2J': 'soon' } });
    const { code, out } = await policy(`check ${fileOf('b.tar.gz', bundle)}`);
    expect(code).toBe(0);
    expect(out).toContain('\nends     never: metadata has expires\\u{1b}[2J, no not_after\n');
  });

  it.each([
    ['none.tar.gz', /there is no policy bundle at none\.tar\.gz/],
    [fileOf('x.tar.gz', 'rubbish'), /not a complete gzipped tar/],
    ['test/fixtures/policies/broken/bundle.tar.gz', /no decision for the sample/],
    [fileOf('ended.tar.gz', ENDED), /not_after has passed: it expired at 2026-01-01/],
  ])('refuses %s in one sentence', async (bundle, sentence) => {
    const { code, err } = await policy(`check ${bundle}`);
    expect(code).toBe(1);
    expect(err).toMatch(sentence);
    expect(err.trim().split('\n')).toHaveLength(1);
  });

  it('says whether it verified the signature', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const files = entriesOf(archive(EXAMPLE));
    const token = bundleToken({ key: privateKey, algorithm: 'EdDSA', files });
    const signed = fileOf('signed.tar.gz', tarGz([...files, signaturesFile(token)]));
    const key = fileOf('key.pem', String(publicKey.export({ type: 'spki', format: 'pem' })));
    expect((await policy(`check ${signed}`)).out).toContain(
      '\nsigned   yes, and not verified: name --verification-key\n',
    );
    const verified = await policy(`check ${signed} --verification-key ${key} --algorithm EdDSA`);
    expect(verified.out).toContain(`\nsigned   by ${key}, EdDSA\n`);
    const unsigned = await policy(`check ${EXAMPLE} --verification-key ${key} --algorithm EdDSA`);
    expect([unsigned.code, unsigned.err]).toEqual([1, expect.stringMatching(/must be signed/)]);
  });

  it.each([
    [fileOf('private.pem', PRIVATE_KEY), 'private.pem holds a private key, which can sign'],
    [fileOf('x.pem', 'x'), 'x.pem does not hold a public key in PEM'],
    ['none.pem', 'no such file'],
  ])('does not verify by %s', async (file, sentence) => {
    const { code, err } = await policy(`check ${EXAMPLE} --verification-key ${file}`);
    expect([code, err]).toEqual([1, expect.stringContaining(sentence)]);
  });
});

describe('--memory-mib', () => {
  const kinds = ['jwt'];
  const rules = Array.from({ length: 6_000 }, (_, i) => ({
    id: `r${i}`,
    source: {},
    destination: {},
  }));
  const large = fileOf(
    'large.tar.gz',
    withData({ kms_reencrypt: { principals: { p: { kinds, rules } } } }),
  );

  it('decides for every command whether a bundle fits', async () => {
    expect((await policy(`check ${large} --memory-mib 16`)).code).toBe(0);
    for (const command of [
      'check',
      'eval --input -',
      'explain --input -',
      'replay -',
      `diff ${large}`,
    ]) {
      const [name, ...rest] = command.split(' ');
      const args = [large, ...rest].join(' ');
      const { code, err } = await policy(`${name} ${args} --memory-mib 1`, '{}');
      expect([code, err], command).toEqual([1, expect.stringContaining('policy.memory_mib')]);
    }
  });

  it.each(['0', '1025', '1.5', 'x'])('refuses %s, as the configuration does', async (number) => {
    const { code, err } = await policy(`check ${EXAMPLE} --memory-mib ${number}`);
    expect([code > 0, err]).toEqual([true, expect.stringContaining('from 1 to 1024')]);
  });
});

describe('--timeout-ms and --size-limit-bytes', () => {
  it.each([
    ['1', 'POLICY_TIMEOUT'],
    ['50', 'POLICY_INVALID'],
  ])('give a decision %s ms, in which a long one ends as %s', async (ms, failure) => {
    const input = '{"request":{"job":"huge"}}';
    const { out } = await policy(`eval ${HAZARDS} --input - --timeout-ms ${ms}`, input);
    expect(JSON.parse(out)).toMatchObject({ failure });
  });

  it('refuse a larger bundle', async () => {
    const { code, err } = await policy(`check ${EXAMPLE} --size-limit-bytes 1000`);
    expect([code, err]).toEqual([1, expect.stringContaining('larger than 1000 bytes')]);
  });

  it('default to those of the proxy', async () => {
    const { out } = await policy('check --help');
    for (const value of ['50', '16', '16777216']) expect(out).toContain(`(default: ${value})`);
  });
});

describe('policy build', () => {
  it.each(['--signing-alg ES256', '--claims-file claims.json'])(
    'makes no unsigned bundle when %s is given without a key',
    async (option) => {
      const output = join(dirname(fileOf('x', '')), 'b.tar.gz');
      const { code, err } = await policy(`build policies/example --output ${output} ${option}`);
      expect([code, err]).toEqual([
        64,
        expect.stringMatching(/ has no effect without --signing-key\n$/),
      ]);
      expect(existsSync(output)).toBe(false);
    },
  );
});

describe('policy eval', () => {
  it('decides, and reports the time it takes', async () => {
    const { code, out } = await policy(
      `eval ${EXAMPLE} --input policies/samples/demo.json --timing`,
    );
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      effect: 'allow',
      rule: 'demo',
      revision: 'example-2',
      microseconds: expect.any(Number),
    });
  });

  it.each([
    ['', 'standard input is empty'],
    [
      '{"source":',
      'standard input is neither JSON nor YAML: Flow map must end with a } at line 1, column 11',
    ],
  ])('says of input %j that %s', async (input, sentence) => {
    const { code, err } = await policy(`eval ${EXAMPLE} --input -`, input);
    expect([code, err]).toEqual([1, `kms-reencrypt-proxy policy: ${sentence}\n`]);
  });

  it('refuses a field that the input does not have', async () => {
    const { code, err } = await policy(`eval ${EXAMPLE} --input -`, '{"source":{"key_ran":""}}');
    expect([code, err]).toEqual([1, expect.stringMatching(/no field \/source\/key_ran/)]);
  });
});

describe('policy test', () => {
  it('passes the cases of the example policy, with every rule covered', async () => {
    const { code, out } = await policy(`test ${EXAMPLE} ${CASES} --require-coverage`);
    expect([code, out]).toEqual([0, '5 passed, 0 failed\n']);
  });

  it('does not count a rule as covered by a denial', async () => {
    const table =
      'cases: [{name: no, input: {principal: {id: "", kind: anonymous}}, expect: {allow: false, rule: demo}}]';
    const { code, out, err } = await policy(`test ${EXAMPLE} - --require-coverage`, table);
    expect([code, out]).toEqual([1, '1 passed, 0 failed\nrules that allowed no case: demo\n']);
    expect(err).toContain('no case is allowed by demo');
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

describe('policy explain', () => {
  it('shows which condition of each rule fails, and the value', async () => {
    const input = '{"principal":{"kind":"anonymous"},"source":{"alias":"alias/x"}}';
    const { code, out } = await policy(`explain ${EXAMPLE} --input -`, input);
    expect(code).toBe(0);
    expect(out).toContain('deny by rule demo');
    expect(out).toContain('rule demo: does not fit');
    expect(out).toMatch(/source key: rule demo is not for this source key \(.*"alias":"alias\/x"/);
  });

  it('shows what the rule wants, condition by condition', async () => {
    const rule = {
      id: 'r',
      source: { states: ['Disabled'], max_age_days: 0, tags: { env: ['prod'] } },
      destination: { is: { region: ['eu-west-3'] }, forbidden_context_keys: ['tenant'] },
      context: { bind: { tenant: 'team' } },
      relation: { same_account: false },
      call: { hours_utc: [10, 17], weekdays: ['Tuesday'], until_unix_ms: 5 },
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
      ['ended', '5'],
    ]) {
      const line = out.split('\n').find((one) => one.startsWith(`  ${code}: `));
      expect(line).toMatch(/; data\.json has /);
      expect(line?.endsWith(`; data.json has ${has})`), line).toBe(true);
    }
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

  it('says which rule allows', async () => {
    const { out } = await policy(`explain ${EXAMPLE} --input policies/samples/demo.json`);
    expect(out).toMatch(/^allow by rule demo\n\nrule demo: fits\n/);
  });
});

describe('policy diff', () => {
  it('finds no difference between a bundle and itself', async () => {
    const same = fileOf('b.tar.gz', withManifest(archive(EXAMPLE), { revision: 'other' }));
    const { code, out } = await policy(`diff ${EXAMPLE} ${same} --samples policies/samples`);
    expect([code, out]).toEqual([0, '9 compared, 0 differ, 0 not replayable\n']);
  });

  it('takes tables of cases as samples, and names a file that is wrong', async () => {
    const { out } = await policy(`diff ${EXAMPLE} ${HAZARDS} --samples ${CASES}`);
    expect(out).toMatch(/^deny → allow {2}policies\/example\/cases\.yaml: to another tenant {2}/m);
    expect(out).toMatch(/^13 compared, /m);
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
    const { code, out } = await policy(`diff ${EXAMPLE} ${HAZARDS} --entries ${folder}`);
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
