import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { run } from '../../src/cli/embedded-kms.ts';
import { runCommand } from '../helpers/run-command.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'embedded-kms-'));
});

const embeddedKms = (args: readonly string[], env: Record<string, string> = {}) =>
  runCommand(run, args, { env });

it.each([
  ['every interface', ['--listen', '0.0.0.0:0'], {}, /--listen is 0\.0\.0\.0:0.*loopback alone/],
  ['an account of letters', ['--account', 'mine'], {}, /--account mine is not twelve digits/],
  [
    'production',
    [],
    { NODE_ENV: 'production' },
    /NODE_ENV=production.*EMBEDDED_KMS_IN_PRODUCTION=1/,
  ],
  ['production, told once', ['--in-production'], { NODE_ENV: 'production' }, /not for production/],
  ['a seed that is not there', ['--seed', 'none.yaml'], {}, /none\.yaml cannot be read/],
  ['an unknown option', ['--public'], {}, /unknown option/],
])('refuses %s in one sentence with exit code 64', async (_name, args, env, message) => {
  const { exit, stderr } = await embeddedKms(args, env);
  expect(exit).toBe(64);
  expect(stderr).toMatch(message);
  expect(stderr.trimEnd().split('\n').length).toBeLessThanOrEqual(2);
});

it('refuses to start on a damaged state file, and names it', async () => {
  const file = join(folder, 'keys.json');
  writeFileSync(file, 'damage', { mode: 0o600 });
  const { exit, stderr } = await embeddedKms(['--state-file', file]);
  expect([exit, stderr]).toEqual([64, expect.stringMatching(/keys\.json is damaged/)]);
});

it('ends with exit code 1 if the port is in use', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  const { port } = other.address() as { port: number };
  const { exit, stderr } = await embeddedKms(['--listen', `127.0.0.1:${port}`]);
  other.close();
  expect([exit, stderr]).toEqual([
    1,
    expect.stringContaining(`cannot listen on 127.0.0.1:${port}`),
  ]);
});
