import { execFileSync } from 'node:child_process';
import process from 'node:process';
import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.ts';
import { completionOf } from '../../src/cli/completion.ts';
import {
  GLOBAL_OPTIONS,
  INPUT_OPTIONS,
  MEMBER_OPTIONS,
  OWN_OPTIONS,
} from '../../src/cli/re-encrypt/arguments/option-table.ts';
import { runCommand } from '../helpers/run-command.ts';

const FLAGS = [...MEMBER_OPTIONS, ...INPUT_OPTIONS, ...OWN_OPTIONS, ...GLOBAL_OPTIONS].map(
  ({ flag }) => flag,
);

describe('completion', () => {
  const complete = completionOf(COMMANDS);

  async function offered(line: string): Promise<readonly string[]> {
    const { stdout: script } = await runCommand(complete, ['bash']);
    const words = line.split(' ');
    const ask = `${script}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}
_kms_reencrypt_proxy; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const printed = execFileSync('bash', ['-c', ask], { encoding: 'utf8' });
    return printed.split('\n').filter((word) => word !== '');
  }

  test.each([
    ['kms-reencrypt-proxy re', ['re-encrypt']],
    [
      'kms-reencrypt-proxy re-encrypt --dest',
      [
        '--destination-key-id',
        '--destination-encryption-context',
        '--destination-encryption-algorithm',
      ],
    ],
    ['kms-reencrypt-proxy audit export --format ', ['csv', 'jsonl']],
    ['kms-reencrypt-proxy check --output ya', ['yaml', 'yaml-stream']],
    [
      'kms-reencrypt-proxy re-encrypt --source-encryption-algorithm RSA',
      ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'],
    ],
    ['kms-reencrypt-proxy completion z', ['zsh']],
    ['kms-reencrypt-proxy serve --', ['--config', '--set', '--help']],
    ['kms-reencrypt-proxy config check --n', ['--no-files']],
    ['kms-reencrypt-proxy config print --n', []],
    [
      'kms-reencrypt-proxy audit ',
      ['verify', 'prove', 'consistency', 'hash', 'tail', 'export', 'stats'],
    ],
    ['kms-reencrypt-proxy policy e', ['eval', 'explain']],
    ['kms-reencrypt-proxy policy eval b', []],
    ['kms-reencrypt-proxy policy check --a', ['--algorithm']],
    ['kms-reencrypt-proxy policy test x --format j', ['json', 'junit']],
    ['kms-reencrypt-proxy audit tail --po', ['--policy']],
    ['kms-reencrypt-proxy audit tail --policy d', ['denied']],
    ['kms-reencrypt-proxy audit verify --origins READ', ['README.md']],
    ['kms-reencrypt-proxy embedded-kms --s', ['--seed', '--state-file']],
  ])('of bash completes: %s', async (line, words) => {
    expect(await offered(line)).toEqual(words);
  });

  test.each(['bash', 'zsh', 'fish'])('of %s knows every command and option', async (shell) => {
    const { stdout } = await runCommand(complete, [shell]);
    const bare = FLAGS.map((flag) => flag.replace('--', shell === 'fish' ? '-l ' : '--'));
    const names = COMMANDS.map(({ name }) => name);
    expect([...names, ...bare].filter((word) => !stdout.includes(word))).toEqual([]);
  });

  test.each(
    COMMANDS.filter(({ define }) => define).flatMap((command) =>
      ['bash', 'zsh', 'fish'].map((shell) => ({ ...command, shell })),
    ),
  )('of $shell knows each option and subcommand of $name', async ({ define, shell }) => {
    const { stdout } = await runCommand(complete, [shell]);
    const program = new Command();
    (await define?.())?.define(program, { ...process, env: {} });
    const known = [program, ...program.commands].flatMap((command) => [
      ...command.options.map(({ long }) => long?.replace('--', shell === 'fish' ? '-l ' : '--')),
      ...command.commands.map((sub) => sub.name()),
    ]);
    expect(known.length).toBeGreaterThan(1);
    expect(known.filter((word) => !stdout.includes(String(word)))).toEqual([]);
  });

  test('of an unknown shell is refused', async () => {
    expect(await runCommand(complete, ['tcsh'])).toMatchObject({ exit: 64, stdout: '' });
  });
});
