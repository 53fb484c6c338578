import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
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

/** Accepted only because the AWS CLI has them. */
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

  test('fits a terminal of 100 columns', () => {
    const examples = helpText('re-encrypt').split('\n');
    expect(examples.filter((line) => line.length > 100)).toEqual([]);
  });

  test('matches the committed manual page (npm run generate writes it)', () => {
    expect(readFileSync('man/kms-reencrypt-proxy-re-encrypt.1', 'utf8')).toBe(manPage());
    expect(FLAGS.filter((flag) => !manPage().replaceAll('\\-', '-').includes(flag))).toEqual([]);
  });
});
