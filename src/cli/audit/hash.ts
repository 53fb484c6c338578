import { buffer } from 'node:stream/consumers';
import type { Command } from 'commander';
import { createRedactor } from '../../audit/entries/redact.ts';
import { toInstallKey } from '../../audit/install-key.ts';
import { CommandFailure, type Terminal } from '../command.ts';
import { examples } from '../examples.ts';
import { contentOf } from './arguments.ts';
import { UNREADABLE } from './exit-codes.ts';

interface Options {
  readonly key?: string;
}

export function defineHash(command: Command, terminal: Terminal): void {
  command
    .command('hash')
    .description(
      'Show how a value appears in this install’s entries, so that it can be searched for.',
    )
    .argument('[value]', 'the value; read from standard input if left out')
    .option('--key <file>', 'install key; else KRP_AUDIT__HMAC_KEY_FILE, or beside KRP_AUDIT__FILE')
    .addHelpText('after', examples('audit hash acme --key audit.jsonl.hmac-key'))
    .action(async (value: string | undefined, options: Options) => {
      const path = keyPath(options, terminal);
      const key = toInstallKey(contentOf(path), path);
      const text = value ?? (await readValue(terminal.stdin));
      terminal.stdout.write(`${createRedactor(key, []).mark(text)}\n`);
    });
}

function keyPath({ key }: Options, { env }: Terminal): string {
  const file = env['KRP_AUDIT__FILE'];
  const path = key ?? env['KRP_AUDIT__HMAC_KEY_FILE'] ?? (file && `${file}.hmac-key`);
  if (path) return path;
  throw new CommandFailure('name the install key with --key', UNREADABLE);
}

/** The value as it is, but without one newline at its end, which a shell adds. */
async function readValue(stdin: NodeJS.ReadableStream): Promise<string> {
  return (await buffer(stdin)).toString().replace(/\n$/, '');
}
