import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.ts';
import { run as serve } from '../../src/cli/serve.ts';
import { runCommand } from '../helpers/run-command.ts';

/** `completion` has no examples, but its usage. */
const NAMES = COMMANDS.map(({ name }) => name).filter((name) => name !== 'completion');

async function helpOf(words: string): Promise<string> {
  const [name = '', ...rest] = words.split(' ');
  // Loading `serve` through its command restarts the process.
  const run = name === 'serve' ? serve : (await commandOf(name).load()).run;
  return (await runCommand(run, [...rest, '--help'])).stdout;
}

const commandOf = (name: string) =>
  COMMANDS.find((known) => known.name === name) ?? expect.fail(`there is no ${name}`);

/** The subcommands, or the command itself if it has none. */
async function below(command: string): Promise<readonly string[]> {
  const [, list = ''] = (await helpOf(command)).split('\nCommands:\n');
  const names = [...list.matchAll(/^ {2}([\w-]+) /gm)].map(([, name = '']) => name);
  if (names.length === 0) return [command];
  return names.filter((name) => name !== 'help').map((name) => `${command} ${name}`);
}

const commands = (await Promise.all(NAMES.map(below))).flat();

describe.each(commands)('the help of %s', (words) => {
  test('ends with examples that use only its own options', async () => {
    const [help = '', shown = ''] = (await helpOf(words)).split('\nExamples:\n');
    const lines = shown.split('\n').filter((line) => line.includes('kms-reencrypt-proxy'));
    expect(lines).not.toEqual([]);
    for (const line of lines) {
      // `re-encrypt` and `check` share their help, and show each other's examples.
      expect(line).toMatch(new RegExp(`kms-reencrypt-proxy (${words}|re-encrypt|check) ?`));
      for (const [option] of line.matchAll(/(?<= )--?[a-z][\w-]*/g)) {
        expect(help, line).toMatch(new RegExp(`(^|[ ,])${option}\\b(?!-)`, 'm'));
      }
    }
  });
});

test.each([...new Set([...NAMES, ...commands])])(
  'the help of %s fits into 80 columns',
  async (words) => {
    const long = (await helpOf(words)).split('\n').filter((line) => line.length > 80);
    expect(long).toEqual([]);
  },
);
