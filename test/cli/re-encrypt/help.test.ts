import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../../src/cli/commands.ts';
import { completionOf } from '../../../src/cli/completion.ts';
import {
  GLOBAL_OPTIONS,
  INPUT_OPTIONS,
  MEMBER_OPTIONS,
  OWN_OPTIONS,
} from '../../../src/cli/re-encrypt/arguments/option-table.ts';
import { helpText } from '../../../src/cli/re-encrypt/help/help-text.ts';
import { manPage } from '../../../src/cli/re-encrypt/help/man-page.ts';
import { run } from '../../../src/cli/re-encrypt/run.ts';
import { runCommand } from '../../helpers/run-command.ts';

/** Taken for the AWS CLI's sake; they change nothing here. */
const WITHOUT_EFFECT = ['--no-paginate', '--cli-auto-prompt', '--no-cli-auto-prompt', '--version'];
const FLAGS = [...MEMBER_OPTIONS, ...INPUT_OPTIONS, ...OWN_OPTIONS, ...GLOBAL_OPTIONS]
  .map(({ flag }) => flag)
  .filter((flag) => !WITHOUT_EFFECT.includes(flag));

describe('the help', () => {
  test.each([['help'], ['--help'], ['-h']])('is what %s prints', async (word) => {
    expect(await runCommand(run, [word])).toMatchObject({
      exit: 0,
      stdout: helpText('re-encrypt'),
      stderr: '',
    });
  });

  test('names every option', () => {
    expect(FLAGS.filter((flag) => !helpText('re-encrypt').includes(flag))).toEqual([]);
  });

  test('fits a terminal of 100 columns, so far as option names let it', () => {
    const examples = helpText('re-encrypt').split('\n');
    expect(examples.filter((line) => line.length > 100)).toEqual([]);
  });

  test('is the manual page too, as committed (node scripts/man-page.ts writes it)', () => {
    expect(readFileSync('man/kms-reencrypt-proxy-re-encrypt.1', 'utf8')).toBe(manPage());
    expect(FLAGS.filter((flag) => !manPage().replaceAll('\\-', '-').includes(flag))).toEqual([]);
  });
});

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
    ['kms-reencrypt-proxy check --output ya', ['yaml', 'yaml-stream']],
    [
      'kms-reencrypt-proxy re-encrypt --source-encryption-algorithm RSA',
      ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'],
    ],
    ['kms-reencrypt-proxy completion z', ['zsh']],
    ['kms-reencrypt-proxy serve --', []],
  ])('of bash offers, after %s', async (line, words) => {
    expect(await offered(line)).toEqual(words);
  });

  test.each(['bash', 'zsh', 'fish'])('of %s knows every command and option', async (shell) => {
    const { stdout } = await runCommand(complete, [shell]);
    const bare = FLAGS.map((flag) => flag.replace('--', shell === 'fish' ? '-l ' : '--'));
    const names = COMMANDS.map(({ name }) => name);
    expect([...names, ...bare].filter((word) => !stdout.includes(word))).toEqual([]);
  });

  test('of an unknown shell is refused', async () => {
    expect(await runCommand(complete, ['tcsh'])).toMatchObject({ exit: 64, stdout: '' });
  });
});
