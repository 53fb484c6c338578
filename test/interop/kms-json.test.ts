import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { awsKms } from './helpers/aws-cli.ts';
import { DEMO_CONTEXT } from './helpers/demo.ts';
import { encryptAt } from './helpers/demo-ciphertext.ts';
import { type RunningProxy, startProxy } from './helpers/proxy.ts';
import { describeWith, runTool } from './helpers/tools.ts';

const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const GOOD = { AWS_ACCESS_KEY_ID: 'AKIDAPP', AWS_SECRET_ACCESS_KEY: SECRET };
const WRONG = { ...GOOD, AWS_SECRET_ACCESS_KEY: 'wrong' };
const SCRIPT = join(import.meta.dirname, 'python/kms_json.py');
type Env = Readonly<Record<string, string>>;

function boto3(proxy: RunningProxy, tenant: string, env: Env) {
  return JSON.parse(runTool('python3', [SCRIPT, proxy.kmsJson, tenant], { env }));
}

function cli(proxy: RunningProxy, env: Env, ...args: readonly string[]) {
  return awsKms({ endpoint: proxy.kmsJson, env }, ...args);
}

describeWith(['python3', 'aws'], 'stock clients through the proxy’s KMS endpoint', () => {
  let proxy: RunningProxy;
  let folder: string;
  beforeAll(async () => {
    proxy = await startProxy();
    folder = mkdtempSync(join(tmpdir(), 'kms-json-'));
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    expect(await proxy.stop()).toBe(0);
  });

  it('boto3 re-encrypts what policy allows, and reads why the rest is denied', () => {
    expect(boto3(proxy, 'acme', GOOD)).toEqual({
      plaintext: 'secret',
      key: expect.stringMatching(/^arn:aws:kms:us-east-1:000000000000:key\//),
    });
    const denied = boto3(proxy, 'globex', GOOD);
    expect(denied.Code).toBe('AccessDeniedException');
    expect(denied.Message).toContain(`decision id ${denied.id}`);
    const ids = proxy.auditEntries().map((entry) => entry['decision_id']);
    expect(ids).toContain(denied.id);
  });

  it('the AWS CLI re-encrypts with --endpoint-url, and reports a denial in its own sentence', async () => {
    const context = DEMO_CONTEXT;
    const plaintext = Buffer.from('by the CLI');
    const options = { keyId: 'alias/demo-source', plaintext, context };
    const file = join(folder, 'blob');
    writeFileSync(file, await encryptAt(proxy.kmsJson, options));
    const move = (tenant: string, ...more: readonly string[]) =>
      cli(
        proxy,
        GOOD,
        're-encrypt',
        ...['--ciphertext-blob', `fileb://${file}`],
        ...['--source-key-id', 'alias/demo-source', '--source-encryption-context', 'tenant=acme'],
        ...['--destination-key-id', 'alias/demo-destination'],
        ...['--destination-encryption-context', `tenant=${tenant}`],
        ...more,
      );
    const moved = move('acme');
    expect(moved.json).toMatchObject({
      SourceEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
    });
    const denied = move('globex');
    expect(denied.status).toBeGreaterThanOrEqual(254);
    expect(denied.stderr).toMatch(/\(AccessDeniedException\) when calling the ReEncrypt operation/);
    const dry = move('acme', '--dry-run');
    expect(dry.stderr).toMatch(/\(DryRunOperationException\) when calling the ReEncrypt operation/);
  });
});

describeWith(['python3', 'aws'], 'stock clients with configured access keys', () => {
  let proxy: RunningProxy;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'kms-json-keys-'));
    const file = join(folder, 'secret');
    writeFileSync(file, `${SECRET}\n`, { mode: 0o600 });
    proxy = await startProxy({
      settings: [`kms_json.access_keys=[{id: AKIDAPP, secret_file: ${file}}]`],
    });
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await proxy.stop();
  });

  it('boto3’s signature is verified and identifies the principal', () => {
    // The example policy has rules only for anonymous callers.
    expect(boto3(proxy, 'acme', GOOD).Code).toBe('AccessDeniedException');
    expect(JSON.stringify(proxy.auditEntries())).toContain('"AKIDAPP"');
  });

  it.each([
    ['a wrong secret', WRONG, 'InvalidSignatureException'],
    ['an unknown key', { ...GOOD, AWS_ACCESS_KEY_ID: 'AKIDOTHER' }, 'UnrecognizedClientException'],
  ])('%s is refused by boto3 and by the CLI', (_name, env, code) => {
    expect(boto3(proxy, 'acme', env).Code).toBe(code);
    const { stderr } = cli(proxy, env, 'list-keys');
    expect(stderr).toContain(`(${code}) when calling the ListKeys operation`);
  });

  it('the CLI’s signature is verified', () => {
    const { status, stderr } = cli(proxy, GOOD, 'describe-key', '--key-id', 'alias/demo-source');
    expect([status, stderr]).toEqual([0, '']);
  });

  it('an unsigned request gets an error that says so', () => {
    const { stderr } = cli(proxy, {}, '--no-sign-request', 'list-keys');
    expect(stderr).toContain('(MissingAuthenticationTokenException)');
  });
});
