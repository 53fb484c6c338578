import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startAwsEndpoint } from '../../helpers/aws-endpoint.ts';
import { builtProgram } from '../../helpers/built-program.ts';

const PROGRAM = await builtProgram();

const CALL = ['--ciphertext-blob', 'AQID', '--destination-key-id', 'alias/x'];
const ENV = {
  ...process.env,
  AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'secret',
  AWS_REGION: 'us-east-1',
  AWS_CONFIG_FILE: '/nonexistent',
  AWS_MAX_ATTEMPTS: '1',
};

let endpoint: Awaited<ReturnType<typeof startAwsEndpoint>>;

beforeAll(async () => {
  endpoint = await startAwsEndpoint();
});

afterAll(() => endpoint.stop());

function start(path: string, more: readonly string[] = []) {
  const args = [PROGRAM, 're-encrypt', ...CALL, '--endpoint-url', `${endpoint.url}/${path}`];
  const child = spawn(process.execPath, [...args, ...more], { env: ENV });
  const told: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => told.push(chunk));
  return { child, stderr: () => Buffer.concat(told).toString() };
}

describe('the process', () => {
  test('exits 130 on SIGINT while it waits for an answer', async () => {
    const before = endpoint.requests.length;
    const { child, stderr } = start('silent');
    while (endpoint.requests.length === before) await new Promise((go) => setTimeout(go, 10));
    child.kill('SIGINT');
    const [code] = await once(child, 'close');
    expect({ code, stderr: stderr() }).toEqual({ code: 130, stderr: '' });
  });

  test('exits 130 on SIGINT while it waits for standard input', async () => {
    const { child, stderr } = start('ok', ['--ciphertext-blob', '-']);
    // More than a pipe holds, so the write ends only once the command reads.
    await new Promise((go) => child.stdin.write(Buffer.alloc(1 << 20), go));
    child.kill('SIGINT');
    const [code] = await once(child, 'close');
    expect({ code, stderr: stderr() }).toEqual({ code: 130, stderr: '' });
  });

  test('reports in one sentence that its reader has gone', async () => {
    const { child, stderr } = start('ok');
    child.stdout.destroy();
    const [code] = await once(child, 'close');
    expect(code).toBe(255);
    expect(stderr().trim()).toMatch(/^kms-reencrypt-proxy: \[ERROR\]: .*\(broken pipe\)$/);
  });
});

describe('an endpoint fault', () => {
  test.each([
    ['silent', ['--cli-read-timeout', '1'], /Read timeout on endpoint URL: "http:.*\/silent"/],
    ['hangup', [], /Connection was closed before we received a valid response/],
  ])('(%s) is reported in one sentence', { timeout: 20_000 }, async (path, more, sentence) => {
    const { child, stderr } = start(path, more);
    const [code] = await once(child, 'close');
    expect(code).toBe(255);
    expect(stderr().trim().split('\n')).toHaveLength(1);
    expect(stderr()).toMatch(sentence);
  });
});
