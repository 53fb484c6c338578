import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startAwsEndpoint } from '../helpers/aws-endpoint.ts';

/**
 * The AWS CLI on PyPI is version 1, so only what it shares with version 2 is compared here;
 * test/cli/re-encrypt/recorded.test.ts covers version 2.
 */
const aws = spawnSync('aws', ['--version'], { encoding: 'utf8' });
const missing = aws.status !== 0;
if (missing && process.env['CI'] === 'true') throw new Error('aws is needed: pip install awscli');

const run = promisify(execFile);
const MAIN = resolve('src/main.ts');
const BLOB = ['--ciphertext-blob', 'fileb://raw.bin'];
const CALL = [...BLOB, '--destination-key-id', 'alias/x'];
const CONTEXT = '--source-encryption-context';

let endpoint: Awaited<ReturnType<typeof startAwsEndpoint>>;
let folder: string;

beforeAll(async () => {
  endpoint = await startAwsEndpoint();
  folder = mkdtempSync(join(tmpdir(), 'cli-interop-'));
  cpSync('test/fixtures/aws-cli/files', folder, { recursive: true });
});

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await endpoint.stop();
});

async function perform(program: readonly string[], args: readonly string[], answer: string) {
  const before = endpoint.requests.length;
  const [file = '', ...first] = program;
  const all = [...first, ...args, '--endpoint-url', `${endpoint.url}/${answer}`];
  const ran = await run(file, all, { cwd: folder, env: environment() }).then(
    ({ stdout, stderr }) => ({ ok: true, stdout, stderr }),
    ({ stdout, stderr }) => ({ ok: false, stdout, stderr }),
  );
  const [request] = endpoint.requests.slice(before);
  return { ...ran, request };
}

function environment() {
  return {
    PATH: process.env['PATH'],
    HOME: folder,
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    LANG: 'C.UTF-8',
  };
}

const ours = (args: readonly string[], answer = 'ok') =>
  perform([process.execPath, MAIN, 're-encrypt'], args, answer);
const theirs = (args: readonly string[], answer = 'ok') =>
  perform(['aws', 'kms', 're-encrypt'], args, answer);

describe.skipIf(missing)(
  'side by side with the AWS CLI: the same request and the same output',
  () => {
    test.each([
      ['the least', []],
      ['a context in shorthand', [CONTEXT, 'a=b,c=d']],
      ['a quoted value', [CONTEXT, 'a="x, y",b=\'z\'']],
      ['a context in JSON', [CONTEXT, '{"a":"b,c","é":"日本"}']],
      ['a context in a file', [CONTEXT, 'file://ctx.json']],
      ['a value in a file', [CONTEXT, 'a@=file://key.txt']],
      ['an empty value', [CONTEXT, 'a=']],
      ['grant tokens', ['--grant-tokens', 'a', 'b', '--dry-run']],
      ['grant tokens in JSON', ['--grant-tokens', '["a","b"]']],
      ['algorithms', ['--source-encryption-algorithm', 'RSAES_OAEP_SHA_1', '--no-dry-run']],
      ['an input file', ['--cli-input-json', '{"SourceKeyId":"s","DestinationKeyId":"other"}']],
      ['a prefix', ['--source-k', 'alias/s']],
      ['an equals sign', ['--source-key-id=alias/s=1']],
      ['text', ['--output', 'text']],
      ['a table', ['--output', 'table']],
      ['a query', ['--query', '[[KeyId],{a:CiphertextBlob}.a]', '--output', 'text']],
      ['a query as a table', ['--query', '{a:KeyId,b:{c:SourceKeyId}}', '--output', 'table']],
      ['no output of a null', ['--query', 'Nope']],
    ])('%s', async (_, more) => {
      const [our, their] = [await ours([...CALL, ...more]), await theirs([...CALL, ...more])];
      expect(our.request?.body).toBe(their.request?.body);
      expect(our.request?.target).toBe(their.request?.target);
      expect({ ok: our.ok, stdout: our.stdout }).toEqual({ ok: their.ok, stdout: their.stdout });
    });
  },
);

describe.skipIf(missing)('side by side with the AWS CLI: the same refusal', () => {
  test.each([
    ['a repeated key', [CONTEXT, 'a=1,a=2'], 'ok'],
    ['broken JSON', [CONTEXT, '{"a":'], 'ok'],
    ['a missing file', [CONTEXT, 'file://nope'], 'ok'],
    ['a folder', [CONTEXT, 'file://dir'], 'ok'],
    ['text that is not UTF-8', [CONTEXT, 'file://bad.txt'], 'ok'],
    ['an unknown option', ['--nope', 'x'], 'ok'],
    ['an option without its value', ['--source-key-id'], 'ok'],
    ['a wrong type', [CONTEXT, '{"a":1}'], 'ok'],
    ['an error of KMS', [], 'notfound'],
    ['an error without a message', [], 'icx'],
    ['a dry run', ['--dry-run'], 'dry'],
  ])('%s', async (_, more, answer) => {
    const our = await ours([...CALL, ...more], answer);
    const their = await theirs([...CALL, ...more], answer);
    expect([our.ok, their.ok]).toEqual([false, false]);
    expect(lastSentence(our.stderr)).toBe(lastSentence(their.stderr));
  });

  /** Version 2 prefixes what version 1 says with its name and a code. */
  function lastSentence(stderr: string): string {
    return stderr
      .replaceAll(/^usage: [\s\S]*?help\n\n?(?=\S|\n)/gm, '')
      .replaceAll(/\n*usage: [\s\S]*$/g, '')
      .replace(/kms-reencrypt-proxy: \[ERROR\]: /, '')
      .replace(/An error occurred \(ParamValidation\): /, '')
      .replace(/^aws(?:\.exe)?: (?:\[ERROR\]|error): /m, '')
      .trim();
  }
});

describe('the built package', () => {
  const dist = join(process.cwd(), 'node_modules/.cache/cli-speed');

  /** Against a bare Node beside it: `npm run bench` measures both in milliseconds. */
  test('shows help within 5 times what an empty program takes, and makes a call within 12', () => {
    execFileSync(process.execPath, ['scripts/build.ts', `${dist}/dist`]);
    for (const name of ['proto', 'package.json'])
      cpSync(name, `${dist}/${name}`, { recursive: true });
    const reEncrypt = [`${dist}/dist/main.js`, 're-encrypt'];
    const [bare = 0, help, refused] = fastest([
      ['-e', '0'],
      [...reEncrypt, '--help'],
      [...reEncrypt, ...CALL, '--endpoint-url', '127.0.0.1:1'],
    ]);
    expect(help).toBeLessThan(5 * bare);
    expect(refused).toBeLessThan(12 * bare);
  });

  /** Milliseconds of the fastest of seven runs each; they take turns, so all meet the same machine. */
  function fastest(programs: readonly (readonly string[])[]): readonly number[] {
    const rounds = Array.from({ length: 7 }, () => programs.map(milliseconds));
    return programs.map((_, at) => Math.min(...rounds.map((round) => round[at] ?? 0)));
  }

  function milliseconds(args: readonly string[]): number {
    const started = performance.now();
    spawnSync(process.execPath, args, { env: environment(), cwd: folder });
    return performance.now() - started;
  }
});
