import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startEmbeddedKms } from './helpers/embedded-kms.ts';
import { startProxy } from './helpers/proxy.ts';
import { describeWith, runTool } from './helpers/tools.ts';

const SOURCE = join(import.meta.dirname, 'go/embedded');

const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };

describeWith(['go'], 'the AWS SDK for Go v2', () => {
  const running: { stop(): Promise<unknown> }[] = [];
  let folder: string;
  let program: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'embedded-go-'));
    program = join(folder, 'program');
    const env = { GOFLAGS: '-mod=readonly' };
    runTool('go', ['build', '-o', program, '.'], { cwd: SOURCE, env, timeoutMs: 280_000 });
  });
  afterAll(async () => {
    for (const each of running) await each.stop();
    rmSync(folder, { recursive: true });
  });

  function run(...args: readonly string[]) {
    return JSON.parse(runTool(program, args, { env: CREDENTIALS }));
  }
  const same = { 'same plaintext': true, 'keys reported': true, materials: 128 };

  it('keeps the plaintext at embedded-kms, and finds each exception by its type', async () => {
    const kms = await startEmbeddedKms();
    running.push(kms);
    expect(run(kms.endpoint)).toEqual({
      ...same,
      NotFoundException: true,
      InvalidCiphertextException: true,
      IncorrectKeyException: true,
      DryRunOperationException: true,
      validation: 'ValidationException',
    });
  });

  it('keeps the plaintext through the proxy, and gets policy’s denials', async () => {
    const proxy = await startProxy();
    running.push(proxy);
    expect(run(proxy.kmsJson, 'alias/demo-source', 'alias/demo-destination')).toEqual({
      ...same,
      'tenant changed': 'AccessDeniedException',
    });
  });
});
