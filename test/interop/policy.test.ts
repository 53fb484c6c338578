import { execFileSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import {
  cpSync,
  existsSync,
  linkSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { completeInput } from '../../src/cli/policy/complete-input.ts';
import { run as policy } from '../../src/cli/policy/run.ts';
import { readBundle } from '../../src/policy/bundle/bundle.ts';
import { createGeneration } from '../../src/policy/generation.ts';
import type { PolicyInput } from '../../src/policy/input.ts';
import { compileFolder } from '../../src/policy/sources/compile.ts';
import type { SigningAlgorithm } from '../../src/signing-algorithms.ts';
import { codePoint } from '../helpers/code-point.ts';
import { runCommand } from '../helpers/run-command.ts';
import { describeWith, runTool, TOOLS_PATH } from './helpers/tools.ts';

const FOLDERS = [
  'policies/example',
  ...readdirSync('policies/recipes').map((name) => `policies/recipes/${name}`),
];
const bundleOf = (folder: string) =>
  folder === 'policies/example' ? 'policies/bundle.tar.gz' : `${folder}/bundle.tar.gz`;
const LIMITS = { timeoutMs: 50, memoryBytes: 1 << 24 };
const SEED = Number(process.env['SEED'] ?? 20_261_123);
const INPUTS = 10_000;
const scratch = () => mkdtempSync(join(tmpdir(), 'policy-interop-'));

beforeAll(() => void vi.stubEnv('PATH', TOOLS_PATH));
afterAll(() => void vi.unstubAllEnvs());

describeWith(['opa'], 'opa', () => {
  it.each(FOLDERS)('builds %s into exactly the committed bytes', async (folder) => {
    expect((await compileFolder({ folder })).equals(readFileSync(bundleOf(folder)))).toBe(true);
  });

  it.each(FOLDERS)(
    'finds %s well formatted, strictly correct and true to the input schema',
    (folder) => {
      runTool('opa', ['fmt', '--diff', '--fail', folder]);
      runTool('opa', ['check', '--strict', '--schema', 'policies/schemas', '--bundle', folder]);
    },
  );

  it('refuses a field that the input does not have', () => {
    const folder = scratch();
    const rego = readFileSync('policies/recipes/tenant-isolation/tenant_isolation.rego', 'utf8');
    writeFileSync(
      join(folder, 'p.rego'),
      rego.replace('input.principal.id]', 'input.principal.name]'),
    );
    const check = () =>
      execFileSync(
        'opa',
        ['check', '--strict', '--schema', 'policies/schemas', '--bundle', folder],
        { stdio: 'pipe' },
      );
    expect(check).toThrow(/undefined ref: input\.principal\.name/);
  });

  it('passes the tests of the example policy, which cover over 99 % of it', () => {
    const report: { coverage: number } = JSON.parse(
      runTool('opa', ['test', '--bundle', 'policies/example', '--coverage', '--format', 'json']),
    );
    expect(report.coverage).toBeGreaterThan(99);
  });

  it('has the committed capabilities', () => {
    execFileSync(process.execPath, ['scripts/capabilities.ts', '--check'], { stdio: 'pipe' });
  });

  it.each(['sprintf("%v", [1])', 'http.send({})', 'opa.runtime()'])(
    'does not build a policy with %s',
    async (call) => {
      const folder = scratch();
      writeFileSync(join(folder, 'p.rego'), `package kms.reencrypt\n\ndecision := ${call}\n`);
      const why = /undefined function .*if that is a builtin of OPA, the proxy does not have it/s;
      await expect(compileFolder({ folder })).rejects.toThrow(why);
    },
  );

  const DENY = 'denied if input.source.tag.frozen == "yes"';
  const DECISION = 'decision := {"allow": true, "rule": "x", "reasons": []}';
  const NOTE = '# METADATA\n# scope: subpackages\n# schemas:\n#   - input: schema.input\n';

  it.each([
    ['a deny', `package kms.reencrypt\n\n${DENY}`],
    ['a helper', `package acme.lib\n\n${DENY}`],
    ['a package that names the schema itself', `${NOTE}package acme\n\n${DENY}`],
  ])('does not build %s that asks for a field that no input has', async (_, rego) => {
    const folder = scratch();
    writeFileSync(join(folder, 'decision.rego'), `package kms.reencrypt\n\n${DECISION}\n`);
    writeFileSync(join(folder, 'p.rego'), `${rego}\n`);
    const why =
      /p\.rego:\d+: rego_type_error: undefined ref: input\.source\.tag\.frozen\n {2}input/;
    await expect(compileFolder({ folder })).rejects.toThrow(why);
  });

  it.each(['package acme\n\nload_errors := ["no"]\n', 'package system.log\n\ndrop if true\n'])(
    'builds a folder with a rule that only looks like one the proxy asks: %j',
    async (rego) => {
      const folder = scratch();
      writeFileSync(join(folder, 'decision.rego'), `package kms.reencrypt\n\n${DECISION}\n`);
      writeFileSync(join(folder, 'more.rego'), rego);
      expect((await compileFolder({ folder })).length).toBeGreaterThan(0);
    },
  );

  it('finds the audit mask, and does not build one that would stop every call', async () => {
    const folder = scratch();
    writeFileSync(join(folder, 'decision.rego'), `package kms.reencrypt\n\n${DECISION}\n`);
    const rego = 'package system.log # for auditors\n\nmask contains "/outcome"\n';
    writeFileSync(join(folder, 'log.rego'), rego);
    const args = ['build', folder, '--output', join(folder, 'b.tar.gz')];
    expect((await runCommand(policy, args)).stderr).toContain(
      "the audit mask fails for the sample 'a plain call': a mask rule names '/outcome'",
    );
  });

  it('does not build a mask that asks for a field that no audit entry has', async () => {
    const folder = scratch();
    writeFileSync(join(folder, 'decision.rego'), `package kms.reencrypt\n\n${DECISION}\n`);
    const mask = (field: string) =>
      `package system.log\n\nmask contains "/input/principal/id" if ${field} == "jwt"\n`;
    writeFileSync(join(folder, 'log.rego'), mask('input.input.principal.knd'));
    const why = /log\.rego:3: rego_type_error: undefined ref: input\.input\.principal\.knd/;
    await expect(compileFolder({ folder })).rejects.toThrow(why);
    writeFileSync(join(folder, 'log.rego'), mask('input.input.principal.kind'));
    expect((await compileFolder({ folder })).length).toBeGreaterThan(0);
  });

  it('policy build names JSON that OPA leaves out of a bundle', async () => {
    const folder = scratch();
    for (const name of ['data.json', 'held.json', 'decision.rego']) {
      const text = name.endsWith('.rego') ? `package kms.reencrypt\n\n${DECISION}\n` : '{"a":1}';
      writeFileSync(join(folder, name), text);
    }
    const args = ['build', folder, '--output', join(folder, 'b.tar.gz')];
    const { exit, stderr } = await runCommand(policy, args);
    expect(exit).toBe(0);
    expect(stderr).toContain('policy: left out of the bundle: held.json; OPA takes data only from');
  });

  it('policy build names it where the rules are in it, too, so that nothing is built', async () => {
    const folder = join(scratch(), 'policy');
    cpSync('policies/example', folder, { recursive: true });
    renameSync(join(folder, 'data.json'), join(folder, 'rules.json'));
    const args = ['build', folder, '--output', join(folder, 'b.tar.gz')];
    const { exit, stderr } = await runCommand(policy, args);
    expect(exit).toBe(1);
    expect(stderr).toContain('policy: left out of the bundle: rules.json;');
    expect(stderr).toContain('kms_reencrypt.principals must be there');
  });

  it.each([
    ['input.source.tags.env != "dev"', 'this != is undefined, .* no input.source.tags.env'],
    ['not input.source.tags.env in ["dev"]', 'this not is undefined, .* no input.source.tags.env'],
    ['not startswith(input.principal.attributes["a"], "x")', '.* no input.principal.attributes.a'],
    [
      'not lower(input.source.encryption_context.x) == "x"',
      '.* no input.source.encryption_context',
    ],
    ['input.source.account != data.acount', 'this != is undefined, .* no data.acount'],
    [
      'x\n\nx contains {"message": input.source.tags.env}',
      'this rule is undefined, .* no input.source.tags.env',
    ],
    ['x\n\nx contains {"message": $"{input.source.tags.env}"}', ''],
    ['x\n\nx := input.source.tags.env', ''],
    ['not input.source.tags.env == "dev"', ''],
    ['not object.get(input.source.tags, "env", "") in ["dev"]', ''],
    ['input.source.account != data.account', ''],
    ['not input.source.account in data.kms.reencrypt.ours', ''],
    ['not input.source.account in {x | x := data.acount}', ''],
  ])(
    'policy build warns of what is undefined rather than true: %s (%s)',
    async (asked, warning) => {
      const folder = scratch();
      const otherwise = 'else := {"allow": false, "rule": "", "reasons": []}';
      const [body, ...others] = asked.split('\n\n');
      const rules = ['ours := ["1"]', `${DECISION} if ${body}`, otherwise, ...others];
      const rego = `package kms.reencrypt\n\n${rules.join('\n\n')}\n`;
      writeFileSync(join(folder, 'p.rego'), rego);
      writeFileSync(join(folder, 'data.json'), '{"account":"1"}');
      const args = ['build', folder, '--output', join(folder, 'b.tar.gz')];
      const { exit, stderr } = await runCommand(policy, args);
      const whole = `^kms-reencrypt-proxy policy: p.rego:[59]: ${warning}.*: read it by object.get\n$`;
      expect([exit, stderr]).toEqual([0, warning && expect.stringMatching(new RegExp(whole))]);
    },
  );

  it.each([
    ['{"allow": "yes", "rule": "", "reasons": []}', 'allow is not a boolean'],
    ['{"allow": asked, "rule": "", "reasons": []}\n\nasked := 1', 'allow is not a boolean'],
    [
      'd if {\n\tinput.principal.id == "nobody"\n\td := {"allow": true, "rule": 7, "reasons": []}\n}',
      'rule is not a string of .*',
    ],
    ['{"allow": true, "rule": ""}', 'reasons is not an array'],
    [
      '{"allow": true, "rule": "", "reasons": [], "more": x}\n\nx := input.phase',
      '.* a field .more.',
    ],
    ['{"allow": true, "rule": "", "reasons": [{"code": 1}]}', 'reasons.0. is not .*'],
    ['true', 'the decision is not an object'],
    ['{"allow": asked, "rule": "", "reasons": []}\n\nasked := input.request.dry_run', ''],
    ['{"allow": asked, "rule": "", "reasons": {x | x := input}}\n\nasked if true', ''],
    [
      '{"allow": true, "rule": "", "reasons": asked} if count([1 | asked := 1]) > 1\n\nasked := []',
      '',
    ],
    [
      '{"allow": true, "rule": named, "reasons": []} if named != null\n\ndefault named := null\n\nnamed := "a" if input.phase == "x"',
      '',
    ],
    ['object.union({"allow": "yes"}, {"allow": true})', ''],
  ])(
    'policy build warns of a decision that no sample meets and that is never valid: %s',
    async (value, fault) => {
      const folder = scratch();
      const otherwise = 'default decision := {"allow": false, "rule": "", "reasons": []}';
      const [first = '', ...others] = value.split('\n\n');
      const body = first.includes(' if ') ? first : `${first} if input.principal.id == "nobody"`;
      const rules = [otherwise, `decision := ${body}`, ...others].join('\n\n');
      writeFileSync(join(folder, 'p.rego'), `package kms.reencrypt\n\n${rules}\n`);
      const args = ['build', folder, '--output', join(folder, 'b.tar.gz')];
      const { exit, stderr } = await runCommand(policy, args);
      const whole = `^kms-reencrypt-proxy policy: p.rego:5: this decision denies \\(POLICY_INVALID\\): ${fault}\n$`;
      expect([exit, stderr]).toEqual([0, fault && expect.stringMatching(new RegExp(whole))]);
    },
  );

  it.each(FOLDERS)('policy build has nothing to say of %s', async (folder) => {
    const args = ['build', folder, '--output', join(scratch(), 'b.tar.gz')];
    expect(await runCommand(policy, args)).toMatchObject({ exit: 0, stderr: '' });
  });

  it('policy build says in one sentence that it cannot write the bundle', async () => {
    const args = ['build', 'policies/example', '--output', join(scratch(), 'no/such/folder')];
    const ran = await runCommand(policy, args);
    expect(ran.exit).toBe(1);
    expect(ran.stderr).toMatch(/^kms-reencrypt-proxy policy: .* cannot be written: ENOENT.*\n$/);
  });

  it.each([
    ['.manifest', '{"metadata":{"not_after":"soon"}}', /not_after must be a moment such as/],
    ['.manifest', '{"metadata":{"not_after":"2026-01-01T00:00:00Z"}}', /not_after has passed/],
    [
      '.manifest',
      '{"not_after":"2027-01-01T00:00:00Z"}',
      /bundle's end is set by metadata\.not_after/,
    ],
    ['.manifest', '{"metadta":{}}', /there is no metadta, and opa build would leave it out/],
    ['data.json', JSON.stringify({ a: 'a'.repeat(17 << 20) }), /larger than 16777216 bytes/],
    ['data.json', '{"kms_reencrypt":{}}', /principals must be there/],
    ['data.json', '{"a":[{"b":1,"b":2}]}', /policy\/data\.json: b occurs twice in one object/],
    ['data.yaml', 'a: { b: 1, b: 2 }', /policy\/data\.yaml: Map keys must be unique/],
    ['p.rego', 'package kms.reencrypt\n\ndecision :=', /rego_parse_error/],
  ])(
    'policy build keeps an older bundle and says so if %s is wrong (%#)',
    async (name, text, why) => {
      const folder = scratch();
      execFileSync('cp', ['-r', 'policies/example', join(folder, 'policy')]);
      writeFileSync(join(folder, 'policy', name), text);
      const output = join(folder, 'b.tar.gz');
      const args = ['build', join(folder, 'policy'), '--output', output];
      const first = await runCommand(policy, args);
      expect([first.exit, first.stderr]).toEqual([1, expect.stringMatching(why)]);
      expect(existsSync(output)).toBe(false);
      writeFileSync(output, 'older');
      const { exit, stderr } = await runCommand(policy, args);
      expect([exit, stderr]).toEqual([1, expect.stringMatching(why)]);
      expect(stderr).toContain(`kms-reencrypt-proxy policy: ${output} is left as it was: `);
      expect(readFileSync(output, 'utf8')).toBe('older');
    },
  );

  it('policy build puts a bundle in place whole, and writes nothing into the one before', async () => {
    const folder = scratch();
    const [output, reader] = [join(folder, 'b.tar.gz'), join(folder, 'still-open')];
    writeFileSync(output, 'older');
    linkSync(output, reader);
    const built = await runCommand(policy, ['build', 'policies/example', '--output', output]);
    expect([built.exit, built.stderr]).toEqual([0, '']);
    expect(readFileSync(reader, 'utf8')).toBe('older');
    expect(statSync(output).size).toBeGreaterThan(1_000);
    expect(readdirSync(folder).toSorted()).toEqual(['b.tar.gz', 'still-open']);
  });

  it.each([
    ['private.pem', 'is of type ec, which cannot sign by RS256; --signing-alg names ES256, ES384'],
    ['public.pem', 'does not hold a private key in PEM'],
    ['none.pem', 'cannot be read: ENOENT'],
  ])('policy build says of the signing key %s that it %s', async (name, sentence) => {
    const folder = scratch();
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = (type: 'pkcs8' | 'spki') => ({ type, format: 'pem' }) as const;
    writeFileSync(join(folder, 'private.pem'), String(privateKey.export(pem('pkcs8'))));
    writeFileSync(join(folder, 'public.pem'), String(publicKey.export(pem('spki'))));
    const key = join(folder, name);
    const args = ['build', 'policies/example', '--output', join(folder, 'b.tar.gz')];
    const { exit, stderr } = await runCommand(policy, [...args, '--signing-key', key]);
    expect([exit, stderr]).toEqual([1, expect.stringContaining(`${key} ${sentence}`)]);
  });

  it('policy build and check say that a bundle has no revision', async () => {
    const folder = scratch();
    writeFileSync(
      join(folder, 'p.rego'),
      'package kms.reencrypt\n\ndecision := {"allow": false, "reasons": [], "rule": ""}\n',
    );
    const output = join(folder, 'b.tar.gz');
    const built = await runCommand(policy, ['build', folder, '--output', output]);
    expect(built.stdout).toMatch(/b\.tar\.gz: \(no revision\) [0-9a-f]{64}\n$/);
    expect((await runCommand(policy, ['check', output])).stdout).toMatch(/^revision \(none\)\n/);
  });

  it('builds sprintf if unrestricted, and the proxy then refuses it by name', () => {
    const folder = scratch();
    writeFileSync(
      join(folder, 'p.rego'),
      'package kms.reencrypt\n\ndecision := sprintf("%v", [input.version])\n',
    );
    const output = join(folder, 'b.tar.gz');
    runTool('opa', [
      'build',
      '-b',
      folder,
      '-t',
      'wasm',
      '-e',
      'kms/reencrypt/decision',
      '-o',
      output,
    ]);
    expect(() => createGeneration(readBundle(readFileSync(output)), LIMITS)).toThrow(
      /sprintf; write template strings/,
    );
  });

  it.each(FOLDERS)(
    `decides ${INPUTS} generated inputs as the proxy does, by %s (seed ${SEED})`,
    (folder) => {
      const inputs = inputsFor(folder);
      const { judge } = createGeneration(readBundle(readFileSync(bundleOf(folder))), LIMITS);
      const native = decideNatively(folder, inputs);
      let allows = 0;
      for (const [i, input] of inputs.entries()) {
        const evaluation = judge(JSON.stringify(input), input.time.unix_ms);
        const ours = {
          allow: evaluation.effect === 'allow',
          rule: evaluation.rule,
          reasons: evaluation.reasons,
          failure: evaluation.failure,
        };
        const { allow, rule, reasons } = native[i] ?? {};
        expect(ours).toEqual({ allow, rule, reasons, failure: '' });
        if (allow) allows += 1;
      }
      expect(native).toHaveLength(INPUTS);
      expect(allows / INPUTS).toBeGreaterThanOrEqual(0.15);
    },
  );

  const KEYS: readonly [
    SigningAlgorithm,
    () => {
      privateKey: { export(of: object): unknown };
      publicKey: { export(of: object): unknown };
    },
  ][] = [
    ['RS256', () => generateKeyPairSync('rsa', { modulusLength: 2048 })],
    ['ES256', () => generateKeyPairSync('ec', { namedCurve: 'P-256' })],
  ];
  it.each(KEYS)(
    'signs by %s what the proxy verifies, even with odd data',
    async (algorithm, generate) => {
      const folder = scratch();
      const pair = generate();
      const privateFile = join(folder, 'private.pem');
      const type = algorithm === 'RS256' ? 'pkcs1' : 'sec1';
      writeFileSync(privateFile, String(pair.privateKey.export({ type, format: 'pem' })));
      const policy = join(folder, 'policy');
      execFileSync('cp', ['-r', 'policies/recipes/tenant-isolation', policy]);
      writeFileSync(join(policy, 'data.json'), ODD_DATA);
      execFileSync('rm', [join(policy, 'bundle.tar.gz')]);
      const flags = ['--signing-key', privateFile, '--signing-alg', algorithm];
      const signed = await compileFolder({ folder: policy, flags });
      const key = createPublicKey(String(pair.publicKey.export({ type: 'spki', format: 'pem' })));
      const keys = { default: { algorithm, key } };
      expect(readBundle(signed, { verification: { keys, keyId: 'default' } }).revision).toBe(
        'tenant-isolation-1',
      );
      const stranger = createPublicKey(
        String(generate().publicKey.export({ type: 'spki', format: 'pem' })),
      );
      const others = { default: { algorithm, key: stranger } };
      expect(() =>
        readBundle(signed, { verification: { keys: others, keyId: 'default' } }),
      ).toThrow(/not one of key/);
    },
  );
});

const ODD_DATA = `{"tenants": {}, "n": [1.0, 1e3, 12345678901234567890, -0, 0.10],
  "\ufffd": "a\u2028b<>&\\u0008\\u000c\\u001f", "\u{1f600}": "\\ud83d\\ude00", "z": null, "a": {"b": [true, false]}}`;

/** Inputs close to the cases in the policy's table: mixed parts of several cases. */
function inputsFor(folder: string): PolicyInput[] {
  const { base, cases } = parseYaml(readFileSync(`${folder}/cases.yaml`, 'utf8')) as Table;
  const parts = [base, ...cases.map(({ input = {} }) => input)];
  const side = (name: 'source' | 'destination') =>
    fc
      .tuple(
        ...(
          [
            'key_arn',
            'alias',
            'aliases',
            'tags',
            'encryption_context',
            'account',
            'region',
            'origin',
            'known',
          ] as const
        ).map((field) => {
          const values = parts
            .map((part) => part[name]?.[field])
            .filter((value) => value !== undefined);
          const usual = base[name]?.[field];
          const weighted = fc.oneof(
            { weight: 12, arbitrary: fc.constant(usual) },
            { weight: 1, arbitrary: fc.constantFrom(usual, ...values) },
          );
          return weighted.map((value) => (value === undefined ? {} : { [field]: value }));
        }),
      )
      .map((fields) => Object.assign({}, ...fields));
  const principals = parts.map((part) => part['principal']).filter((one) => one !== undefined);
  const times = parts.map((part) => part['time']).filter((one) => one !== undefined);
  const arbitrary = fc.record({
    principal: fc.oneof(
      { weight: 9, arbitrary: fc.constant(base['principal'] ?? {}) },
      { weight: 1, arbitrary: fc.constantFrom(...principals, {}) },
    ),
    source: side('source'),
    destination: side('destination'),
    time: fc.oneof(
      { weight: 9, arbitrary: fc.constant(base['time'] ?? {}) },
      { weight: 1, arbitrary: fc.constantFrom({}, ...times) },
    ),
    request: fc.record({
      dry_run: fc.boolean(),
      id: fc.string({ unit: codePoint, maxLength: 8 }).map((text) => text.toWellFormed()),
    }),
  });
  return fc.sample(arbitrary, { numRuns: INPUTS, seed: SEED }).map(completeInput);
}

type Part = Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;
interface Table {
  readonly base: Part;
  readonly cases: readonly { readonly input?: Part }[];
}

interface Native {
  readonly allow: boolean;
  readonly rule: string;
  readonly reasons: readonly unknown[];
}

/** One opa run over all inputs, each with the clock frozen at the input's time, as in the proxy. */
function decideNatively(folder: string, inputs: readonly PolicyInput[]): Native[] {
  const data = join(scratch(), 'differential.json');
  writeFileSync(data, JSON.stringify({ differential: inputs }));
  const query = `[decision | some asked in data.differential; decision := data.kms.reencrypt.decision with input as asked with time.now_ns as asked.time.unix_ms * 1000000]`;
  const files = readdirSync(folder).filter((name) =>
    /^(?!.*_test\.rego$).*\.rego$|^data\.json$/.test(name),
  );
  const args = [
    'eval',
    '--format',
    'raw',
    '--data',
    data,
    ...files.flatMap((name) => ['--data', join(folder, name)]),
    query,
  ];
  return JSON.parse(execFileSync('opa', args, { encoding: 'utf8', maxBuffer: 1 << 28 }));
}
