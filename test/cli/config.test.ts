import { describe, expect, test } from 'vitest';
import { run } from '../../src/cli/config.ts';
import { runCommand } from '../helpers/run-command.ts';

async function config(...args: string[]) {
  const { exit: code, stdout, stderr } = await runCommand(run, args);
  return { code, stdout, stderr };
}

const DEMO = ['--config', 'config/demo.yaml'];

describe('config', () => {
  test('check exits 0 for a good configuration', async () => {
    expect(await config('check', ...DEMO)).toMatchObject({ code: 0, stderr: '' });
  });

  test('check lists every problem and exits 64', async () => {
    const wrong = ['nobody=1', 'kms.backend=gcp', 'limits.per_key.burst=9'];
    const set = wrong.flatMap((setting) => ['--set', setting]);
    const { code, stderr, stdout } = await config('check', ...DEMO, ...set);
    expect([code, stdout]).toEqual([64, '']);
    expect(stderr).toMatch(/nobody: there is no such setting/);
    expect(stderr).toMatch(/kms\.backend: /);
    expect(stderr).toMatch(/limits\.per_key\.burst: does nothing without /);
  });

  test('check hints at --config when given a bare file name', async () => {
    const { code, stderr } = await config('check', 'config/demo.yaml');
    expect(code).toBe(64);
    expect(stderr).toMatch(/too many arguments[^\n]*\nHint: --config FILE names the file\.\n$/);
  });

  test('check says that no file was named', async () => {
    const { code, stderr } = await config('check');
    expect(code).toBe(64);
    expect(stderr).toMatch(
      /policy: must be set\n[\s\S]* {2}no file was read: --config names one\n$/,
    );
  });

  test('check names the files that are missing, and exits 1', async () => {
    const missing = ['--set', 'policy.source=none.tar.gz', '--set', 'kms.embedded.seed=none.yaml'];
    const { code, stderr, stdout } = await config('check', ...DEMO, ...missing);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/\n {2}kms\.embedded\.seed: .*none\.yaml/);
    expect(stderr).toMatch(/\n {2}policy\.source: .*none\.tar\.gz/);
    expect((await config('check', ...DEMO, ...missing, '--no-files')).code).toBe(0);
  });

  test.each([
    [0, true, 0, []],
    [1, true, 1, ['--set', 'policy.source=none']],
    [64, false, 2, ['--set', 'nobody=1', '--set', 'kms.backend=gcp']],
  ])('check --json exits %i with valid: %s and %i problems', async (exit, valid, count, args) => {
    const { code, stdout } = await config('check', ...DEMO, '--json', ...args);
    const verdict = JSON.parse(stdout);
    expect([code, verdict.valid, verdict.problems.length]).toEqual([exit, valid, count]);
  });

  test('print shows the effective settings, without secrets in URLs', async () => {
    const source =
      'policy.source=https://user:p@secret@example.com/b.tar.gz?X-Amz-Signature=secret';
    const { code, stdout } = await config('print', ...DEMO, '--set', source);
    expect(code).toBe(0);
    expect(stdout).toMatch(/durability: fsync/);
    expect(stdout).toContain('source: https://example.com/b.tar.gz?…');
    expect(stdout).not.toContain('secret');
  });

  test('schema is a JSON Schema that refuses unknown settings', async () => {
    const { stdout } = await config('schema');
    expect(JSON.parse(stdout)).toMatchObject({
      type: 'object',
      additionalProperties: false,
      properties: { kms: { properties: { backend: { enum: ['aws', 'embedded'] } } } },
    });
  });

  test.each([[['chek']], [['check', '--confg', 'x']]])(
    '%j is a usage error: exit 64',
    async (args) => {
      expect((await config(...args)).code).toBe(64);
    },
  );
});
