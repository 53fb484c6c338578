import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run as check } from '../../../src/cli/check.ts';
import { run as health } from '../../../src/cli/health.ts';
import { run as reEncrypt } from '../../../src/cli/re-encrypt/run.ts';
import { type RunningProxy, startProxy } from '../../helpers/proxy.ts';
import { runCommand } from '../../helpers/run-command.ts';

const TENANT = 'tenant=acme';

let proxy: RunningProxy;
let blob: Buffer;
let folder: string;

beforeAll(async () => {
  proxy = await startProxy();
  folder = mkdtempSync(join(tmpdir(), 'cli-'));
  const { embedded } = proxy;
  if (!embedded) throw new Error('the demo runs on the embedded KMS');
  blob = await demoCiphertext();
});

afterAll(() => proxy.stop());

async function demoCiphertext(): Promise<Buffer> {
  const { demoCalls } = await import('../../../src/cli/demo-calls.ts');
  const { embedded, endpoint } = proxy;
  if (!embedded) throw new Error('the demo runs on the embedded KMS');
  const printed = demoCalls({ embedded, endpoint, env: {} });
  const [, base64 = ''] = /--ciphertext-blob (\S+)/.exec(printed) ?? [];
  return Buffer.from(base64, 'base64');
}

function call(destination = TENANT): string[] {
  return [
    ...['--endpoint-url', proxy.endpoint, '--source-key-id', 'alias/demo-source'],
    ...['--source-encryption-context', TENANT, '--destination-key-id', 'alias/demo-destination'],
    ...['--destination-encryption-context', destination],
  ];
}

const withBlob = () => ['--ciphertext-blob', blob.toString('base64')];

describe('re-encrypt through the proxy', () => {
  test('prints the fields of the AWS CLI and the decision id', async () => {
    const ran = await runCommand(reEncrypt, [...call(), ...withBlob()]);
    expect(ran).toMatchObject({ exit: 0, stderr: '' });
    const answer = JSON.parse(ran.stdout);
    expect(Object.keys(answer)).toEqual([
      'CiphertextBlob',
      'SourceKeyId',
      'KeyId',
      'SourceEncryptionAlgorithm',
      'DestinationEncryptionAlgorithm',
      'SourceKeyMaterialId',
      'DestinationKeyMaterialId',
      'DecisionId',
    ]);
    expect(proxy.entries().map((entry) => entry['decision_id'])).toContain(answer.DecisionId);
  });

  test('prints only the columns of the AWS CLI as text', async () => {
    const ran = await runCommand(reEncrypt, [...call(), ...withBlob(), '--output', 'text']);
    expect(ran.stdout.split('\t')).toHaveLength(7);
  });

  test('reports a denial by its AWS name with reason, side, rule and decision id', async () => {
    const ran = await runCommand(reEncrypt, [...call('tenant=globex'), ...withBlob()]);
    expect(ran).toMatchObject({ exit: 254, stdout: '' });
    expect(ran.stderr).toMatch(
      /An error occurred \(AccessDeniedException\) when calling the ReEncrypt operation: .*tenant/,
    );
    for (const line of [
      'Reason: POLICY_DENIED',
      'RefusedBy: policy',
      'Side: destination',
      'Rule: demo',
    ]) {
      expect(ran.stderr).toContain(`\n${line}\n`);
    }
    expect(ran.stderr).toMatch(/\nDecisionId: [0-9a-f-]{36}\n/);
  });

  test('reports each wrong field by the option that sets it', async () => {
    const args = ['--endpoint-url', proxy.endpoint, '--destination-key-id', 'bad key'];
    const ran = await runCommand(reEncrypt, [...args, '--source-encryption-context', 'a=']);
    expect(ran.exit).toBe(254);
    expect(ran.stderr).toMatch(/\(ValidationException\)/);
    expect(ran.stderr).toMatch(/--source-encryption-context: /);
    expect(ran.stderr).toMatch(/--ciphertext-blob: /);
  });

  test('fails a dry run that would succeed, as KMS does', async () => {
    const ran = await runCommand(reEncrypt, [...call(), ...withBlob(), '--dry-run']);
    expect(ran.exit).toBe(254);
    expect(ran.stderr).toContain(
      'An error occurred (DryRunOperationException) when calling the ReEncrypt operation: ' +
        'The request would have succeeded, but the DryRun option is set.',
    );
  });

  test('says of a call over a limit when to retry', async () => {
    const limited = await startProxy([
      'limits.per_principal.per_second=0.1',
      'limits.per_principal.burst=1',
    ]);
    const args = [...call(), ...withBlob(), '--endpoint-url', limited.endpoint, '--no-cli-pager'];
    const env = { AWS_MAX_ATTEMPTS: '1' };
    await runCommand(reEncrypt, args, { env });
    const ran = await runCommand(reEncrypt, args, { env });
    expect(ran.stderr).toMatch(/\nReason: LIMITED\n(.*\n)*RetryAfter: \d{3,5} ms\n/);
    await limited.stop();
  });

  test.each(['table', 'text'])('refuses as a %s what has no columns', async (output) => {
    const args = [...call(), ...withBlob(), '--query', '[@, KeyId]', '--output', output];
    const ran = await runCommand(reEncrypt, args);
    expect([ran.exit, ran.stderr]).toEqual([255, expect.stringContaining('has no columns')]);
  });

  test('reads a file whose path names variables of the environment', async () => {
    const own = mkdtempSync(join(tmpdir(), 'context-'));
    writeFileSync(join(own, 'context.json'), '{"tenant":"acme"}');
    for (const path of ['$FOLDER', '$' + '{FOLDER}']) {
      const context = ['--source-encryption-context', `file://${path}/context.json`];
      const env = { FOLDER: own };
      const ran = await runCommand(reEncrypt, [...call(), ...withBlob(), ...context], { env });
      expect(ran, path).toMatchObject({ exit: 0, stderr: '' });
    }
  });

  test('prints errors as JSON on request', async () => {
    const args = [...call('tenant=globex'), ...withBlob(), '--cli-error-format', 'json'];
    const { stderr } = await runCommand(reEncrypt, args);
    expect(JSON.parse(stderr)).toMatchObject({
      Code: 'AccessDeniedException',
      Reason: 'POLICY_DENIED',
    });
  });

  test.each([
    [
      'an unknown algorithm',
      ['--source-encryption-algorithm', 'FOO'],
      /sourceEncryptionAlgorithm.*'FOO' is not one of/,
    ],
    [
      'a key that protobuf would lose',
      ['--source-encryption-context', '{"__proto__":"x"}'],
      /'__proto__' is not allowed/,
    ],
    ['half of a surrogate pair', ['--source-encryption-context', '{"a":"\\ud800"}'], /surrogate/],
  ])('refuses %s itself, as gRPC would drop it', async (_, args, sentence) => {
    const ran = await runCommand(reEncrypt, [...call(), ...withBlob(), ...args]);
    expect(ran.exit).toBe(254);
    expect(ran.stderr).toMatch(sentence);
  });

  test('reports in one sentence that nothing listens', async () => {
    const args = ['--endpoint-url', '127.0.0.1:1', '--destination-key-id', 'x', ...withBlob()];
    const ran = await runCommand(reEncrypt, args);
    expect(ran.exit).toBe(255);
    expect(ran.stderr.trim().split('\n')).toHaveLength(1);
    expect(ran.stderr).toMatch(
      /Could not connect to the proxy at "127\.0\.0\.1:1": connect ECONNREFUSED 127\.0\.0\.1:1\. /,
    );
  });

  test('says that the listener may expect TLS', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const args = ['--endpoint-url', `127.0.0.1:${port}`];
    const asked = await runCommand(health, args);
    const called = await runCommand(reEncrypt, [
      ...args,
      '--destination-key-id',
      'x',
      ...withBlob(),
    ]);
    server.close();
    for (const { stderr } of [asked, called])
      expect(stderr).toContain('it hung up at once, as a server does that expects TLS (grpcs://)');
    expect(called.stderr).not.toContain('Is it running there?');
  });
});

describe('who calls', () => {
  const at = (endpoint: string, ...options: readonly string[]) =>
    runCommand(reEncrypt, [...call(), ...withBlob(), '--endpoint-url', endpoint, ...options]);
  const CERTIFICATE = ['--client-certificate', 'package.json'];
  const KEY = ['--client-key', 'package.json'];

  test.each([
    ['127.0.0.1:1', [...CERTIFICATE, ...KEY], /--client-key are for grpcs:/],
    ['unix:/x.sock', CERTIFICATE, /--client-key are for grpcs:/],
    ['https://127.0.0.1:1', KEY, /--client-key are for grpcs:/],
    ['http://127.0.0.1:1', ['--token-file', 'package.json'], /--token-file is for a proxy/],
    ['192.0.2.1:1', ['--token-file', 'package.json'], /--token-file: .* is plain/],
    ['grpcs://127.0.0.1:1', CERTIFICATE, /--client-certificate and --client-key go together/],
    ['grpcs://127.0.0.1:1', [...CERTIFICATE, '--client-key', 'none'], /'--client-key': ENOENT/],
    ['grpcs://127.0.0.1:1', ['--token-file', 'none'], /'--token-file': ENOENT/],
    ['grpcs://127.0.0.1:1', ['--ca-bundle', 'none'], /'--ca-bundle': ENOENT/],
  ])('is refused at %s by %j, and the option named', async (endpoint, options, sentence) => {
    const ran = await at(endpoint, ...options);
    expect(ran).toMatchObject({ exit: 252, stdout: '' });
    expect(ran.stderr).toMatch(sentence);
  });

  test('may be said by a token that can be read only once', async () => {
    const fifo = join(folder, 'token');
    execFileSync('mkfifo', [fifo]);
    // Not from this process: the command waits for the token without letting anything else run.
    const once = 'printf a-token >"$0"; while :; do : >"$0"; done';
    const writer = spawn('sh', ['-c', once, fifo]);
    const ran = await at(proxy.endpoint, '--token-file', fifo);
    writer.kill();
    rmSync(fifo);
    expect(ran).toMatchObject({ exit: 0, stderr: '' });
  });
});

describe('the blob', () => {
  test('goes raw from standard input to a file, and leaves no other file', async () => {
    const file = join(folder, 'new.kms');
    const args = [...call(), '--ciphertext-blob', '-', '--output-file', file];
    const ran = await runCommand(reEncrypt, args, { stdin: blob });
    expect(ran.exit).toBe(0);
    expect(readFileSync(file).toString('base64')).toBe(JSON.parse(ran.stdout).CiphertextBlob);
    expect(readdirSync(folder)).toEqual(['new.kms']);
  });

  test('is all of standard output when that is the file', async () => {
    const args = [...call(), '--ciphertext-blob', '-', '--output-file', '-'];
    const ran = await runCommand(reEncrypt, args, { stdin: blob });
    expect(ran).toMatchObject({ exit: 0, stderr: '' });
    expect(ran.stdoutBytes.length).toBeGreaterThan(blob.length / 2);
    expect(ran.stdout).not.toContain('SourceKeyId');
  });

  test('of a refused call does not touch the file', async () => {
    const file = join(folder, 'kept.kms');
    writeFileSync(file, 'old');
    const args = [...call('tenant=globex'), ...withBlob(), '--output-file', file];
    expect((await runCommand(reEncrypt, args)).exit).toBe(254);
    expect(readFileSync(file, 'utf8')).toBe('old');
    expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  test('is not requested when its file cannot be written', async () => {
    const args = [...call(`${TENANT},unwritten=1`), ...withBlob()];
    const ran = await runCommand(reEncrypt, [
      ...args,
      '--output-file',
      join(folder, 'no/such/file'),
    ]);
    expect(ran.exit).toBe(252);
    expect(ran.stderr).toMatch(/'--output-file': cannot write beside/);
    // Entries of earlier calls may still come, so those of this one are told by a key of its own.
    expect(JSON.stringify(proxy.entries())).not.toContain('unwritten');
  });

  test('as base64 text in a raw file gets a hint when KMS refuses it', async () => {
    const file = join(folder, 'text.b64');
    writeFileSync(file, `${blob.toString('base64')}\n`);
    const ran = await runCommand(reEncrypt, [...call(), '--ciphertext-blob', `fileb://${file}`]);
    expect(ran.exit).toBe(254);
    expect(ran.stderr).toMatch(/\nHint: the ciphertext blob is base64 text/);
  });

  test('from the AWS Encryption SDK gets a hint when KMS refuses it', async () => {
    const message = Buffer.concat([Buffer.from('02047800', 'hex'), Buffer.alloc(200, 7)]);
    const args = [...call(), '--ciphertext-blob', message.toString('base64')];
    expect((await runCommand(reEncrypt, args)).stderr).toMatch(/\nHint: .*AWS Encryption SDK/);
  });
});

describe('without --endpoint-url', () => {
  test.each([
    ['re-encrypt', reEncrypt],
    ['check', check],
    ['health', health],
  ])('%s calls the address that the proxy is set to listen on', async (name, run) => {
    const env = { KRP_GRPC__LISTEN: proxy.endpoint.replace('127.0.0.1', '0.0.0.0') };
    const args = name === 'health' ? [] : [...call().slice(2), ...withBlob()];
    // On a machine so busy that the event loop is late for seconds, the proxy reports NOT_SERVING.
    const ran = expect.poll(() => runCommand(run, args, { env }));
    await ran.toMatchObject({ exit: 0, stderr: '' });
  });
});

describe('check', () => {
  test('shows an allow and exits 0, without a ciphertext', async () => {
    const ran = await runCommand(check, call());
    expect(ran).toMatchObject({ exit: 0, stderr: '' });
    expect(JSON.parse(ran.stdout)).toMatchObject({
      Allow: true,
      Rule: 'demo',
      Source: { RequestedKeyId: 'alias/demo-source', State: 'Enabled' },
    });
  });

  test('shows a denial with its reasons and exits 254', async () => {
    const ran = await runCommand(check, [
      ...call('tenant=globex'),
      '--query',
      '[Allow,Reasons[].Side]',
    ]);
    expect(ran.exit).toBe(254);
    expect(JSON.parse(ran.stdout)).toEqual([false, ['destination']]);
  });

  test('is refused at a KMS endpoint', async () => {
    const args = ['--destination-key-id', 'x', '--endpoint-url', 'http://127.0.0.1:1'];
    expect(await runCommand(check, args)).toMatchObject({ exit: 252, stdout: '' });
  });
});

describe('health', () => {
  test('exits 0 while the proxy serves', async () => {
    const args = ['--timeout', '15', '--endpoint-url', proxy.endpoint];
    await expect
      .poll(() => runCommand(health, args))
      .toEqual({
        exit: 0,
        stdout: 'SERVING\n',
        stdoutBytes: Buffer.from('SERVING\n'),
        stderr: '',
      });
  });

  test('exits 1 with one sentence when nobody answers', async () => {
    const ran = await runCommand(health, ['--endpoint-url', '127.0.0.1:1']);
    expect(ran).toMatchObject({ exit: 1, stdout: '' });
    expect(ran.stderr).toBe(
      'kms-reencrypt-proxy health: 127.0.0.1:1 does not answer: connect ECONNREFUSED 127.0.0.1:1\n',
    );
  });

  test('exits 64 for a malformed endpoint, and says so', async () => {
    const ran = await runCommand(health, ['--json', '--endpoint-url', 'nonsense']);
    expect(ran).toMatchObject({ exit: 64, stdout: '' });
    expect(ran.stderr).toMatch(/^kms-reencrypt-proxy health: --endpoint-url: 'nonsense' is not/);
  });

  test.each(['0', 'soon', ''])('exits 64 for a time-out of %j', async (seconds) => {
    const ran = await runCommand(health, ['--timeout', seconds]);
    expect(ran).toMatchObject({ exit: 64, stdout: '' });
    expect(ran.stderr).toContain("option '--timeout <seconds>'");
  });

  test('--json reports the same for programs, with the same exit codes', async () => {
    const asked = async (endpoint: string, service: string) => {
      const args = ['--json', '--timeout', '15', '--endpoint-url', endpoint, '--service', service];
      const { exit, stdout } = await runCommand(health, args);
      const { endpoint_url, ...said } = JSON.parse(stdout);
      expect(endpoint_url).toBe(endpoint);
      return { exit, ...said };
    };
    await expect
      .poll(() => asked(proxy.endpoint, ''))
      .toEqual({
        exit: 0,
        service: '',
        status: 'SERVING',
        error: '',
      });
    expect(await asked(proxy.endpoint, 'other')).toMatchObject({ exit: 1, service: 'other' });
    expect(await asked('127.0.0.1:1', '')).toMatchObject({
      exit: 1,
      status: '',
      error: 'connect ECONNREFUSED 127.0.0.1:1',
    });
  });
});
