import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach } from 'vitest';
import { run as bulk } from '../../../src/cli/bulk/run.ts';
import { startAwsProxy } from '../../helpers/aws-proxy.ts';
import { type Ran, runCommand } from '../../helpers/run-command.ts';

export type Line = Record<string, unknown>;

export const item = (reference: string, rest: Line = {}): Line => ({
  reference,
  ciphertext_blob: Buffer.from(reference).toString('base64'),
  source_key_id: 'alias/a',
  destination_key_id: 'alias/b',
  ...rest,
});

export const many = (count: number): Line[] =>
  Array.from({ length: count }, (_, n) => item(`row-${n}`));

export const jsonl = (lines: readonly Line[]) =>
  lines.map((line) => `${JSON.stringify(line)}\n`).join('');

export const references = (lines: readonly Line[]) => lines.map(({ reference }) => reference);

/** A proxy for the bulk jobs of a test file, and a folder for their files that is emptied before each test. */
export async function bulkJobs() {
  const aws = await startAwsProxy();
  const folder = mkdtempSync(join(tmpdir(), 'bulk-'));
  const items = join(folder, 'items.jsonl');
  const results = join(folder, 'results.jsonl');
  beforeEach(() => {
    aws.kms.forget();
    rmSync(folder, { recursive: true });
    mkdirSync(folder);
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await aws.close();
  });
  return {
    ...{ aws, folder, items, results },
    write: (lines: readonly Line[]) => writeFileSync(items, jsonl(lines)),
    read: (): Line[] =>
      readFileSync(results, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    reEncrypts: () => aws.kms.requests.filter(({ operation }) => operation === 'ReEncrypt'),
    start: (args: readonly string[] = [], endpoint = aws.proxy.endpoint): Promise<Ran> =>
      runCommand(bulk, [items, results, '--endpoint-url', endpoint, ...args]),
  };
}
