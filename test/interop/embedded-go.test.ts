import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RunningEmbeddedKms, startEmbeddedKms } from './helpers/embedded-kms.ts';
import { describeWith, runTool } from './helpers/tools.ts';

const SOURCE = join(import.meta.dirname, 'go/embedded');

describeWith(['go'], 'the AWS SDK for Go v2 against embedded-kms', () => {
  let kms: RunningEmbeddedKms;
  let folder: string;
  let program: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'embedded-go-'));
    program = join(folder, 'program');
    const env = { GOFLAGS: '-mod=readonly' };
    runTool('go', ['build', '-o', program, '.'], { cwd: SOURCE, env, timeoutMs: 280_000 });
    kms = await startEmbeddedKms();
  });
  afterAll(async () => {
    await kms.stop();
    rmSync(folder, { recursive: true });
  });

  it('keeps the plaintext, reports both keys, and finds each exception by its type', () => {
    const credentials = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };
    const printed = runTool(program, [kms.endpoint], { env: credentials });
    expect(JSON.parse(printed)).toEqual({
      'same plaintext': true,
      'keys reported': true,
      materials: 128,
      NotFoundException: true,
      InvalidCiphertextException: true,
      IncorrectKeyException: true,
      DryRunOperationException: true,
      validation: 'ValidationException',
    });
  });
});
