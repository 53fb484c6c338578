import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type Child, startChild } from './helpers/child.ts';
import { reEncryptByGrpcurl } from './helpers/grpcurl.ts';
import { freePort } from './helpers/ports.ts';
import { type RunningProxy, startProxy, untilReady } from './helpers/proxy.ts';
import { describeWith, runTool } from './helpers/tools.ts';

/** Any will do: moto checks no signature. */
const CREDENTIALS = {
  AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'example',
  AWS_EC2_METADATA_DISABLED: 'true',
};
const PYTHON = join(import.meta.dirname, 'python');

describeWith(['python3', 'grpcurl'], 'the AWS backend against moto', () => {
  let folder: string;
  const running: { stop(): Promise<unknown> }[] = [];
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'krp-moto-'));
  });
  afterEach(async () => {
    for (const child of running.splice(0).reverse()) await child.stop();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** moto, a ciphertext that boto3 made with it, and a proxy in front. */
  async function start(flags: readonly string[]): Promise<Started> {
    const port = await freePort();
    const endpoint = `http://127.0.0.1:${port}`;
    const args = [join(PYTHON, 'moto_whole.py'), '-H', '127.0.0.1', '-p', `${port}`, ...flags];
    const moto: Child = startChild('python3', args);
    running.push(moto);
    await untilReady(`${endpoint}/moto-api/`, moto);
    const ciphertext = boto3(endpoint, 'encrypt', readFileSync('LICENSE').subarray(0, 4096));
    const settings = [
      'kms.backend=aws',
      'kms.aws.region=eu-west-1',
      `kms.aws.endpoint=${endpoint}`,
    ];
    const proxy = await startProxy({ settings, env: CREDENTIALS });
    running.push(proxy);
    return { endpoint, ciphertext, proxy };
  }

  interface Started {
    readonly endpoint: string;
    readonly ciphertext: Buffer;
    readonly proxy: RunningProxy;
  }

  function boto3(endpoint: string, action: 'encrypt' | 'decrypt', data: Buffer): Buffer {
    const [from, to] = [join(folder, 'from'), join(folder, 'to')];
    writeFileSync(from, data);
    const args = [join(PYTHON, 'moto_keys.py'), endpoint, action, from, to];
    runTool('python3', args, { env: CREDENTIALS });
    return readFileSync(to);
  }

  const request = (ciphertext: Buffer) => ({
    ciphertextBlob: ciphertext.toString('base64'),
    sourceKeyId: 'alias/demo-source',
    sourceEncryptionContext: { tenant: 'acme' },
    destinationKeyId: 'alias/demo-destination',
    destinationEncryptionContext: { tenant: 'acme' },
  });

  it('re-encrypts what boto3 encrypted, and boto3 decrypts the result', async () => {
    const { endpoint, ciphertext, proxy } = await start([]);
    const answer = reEncryptByGrpcurl(proxy.grpc, request(ciphertext));
    expect(answer['keyId']).toMatch(/^arn:aws:kms:eu-west-1:\d{12}:key\//);
    const fresh = Buffer.from(String(answer['ciphertextBlob']), 'base64');
    expect(boto3(endpoint, 'decrypt', fresh)).toEqual(readFileSync('LICENSE').subarray(0, 4096));
    expect(proxy.auditEntries().map((entry) => entry['kind'])).toEqual(
      expect.arrayContaining(['intent', 'outcome']),
    );
  });

  it('withholds an incomplete answer, and says so', async () => {
    const { ciphertext, proxy } = await start(['--as-it-is']);
    expect(() => reEncryptByGrpcurl(proxy.grpc, request(ciphertext))).toThrow(/CONFIRM_MISMATCH/);
  });
});
