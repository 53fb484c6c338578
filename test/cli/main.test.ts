import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { expect, test } from 'vitest';
import { VERSION } from '../../src/version.ts';

const main = (...args: string[]) =>
  spawnSync(process.execPath, ['src/main.ts', ...args], { encoding: 'utf8' });

test('--version tells the version, in the words of re-encrypt --version', () => {
  const { status, stdout } = main('--version');
  expect([status, stdout]).toEqual([0, `kms-reencrypt-proxy/${VERSION}\n`]);
  expect(main('re-encrypt', '--version').stdout).toBe(stdout);
});

test('a command that there is not is refused with those that there are', () => {
  const { status, stdout, stderr } = main('audti');
  expect([status, stdout]).toEqual([64, '']);
  expect(stderr).toMatch(/^kms-reencrypt-proxy: there is no command 'audti'\n.* {2}audit /s);
});
