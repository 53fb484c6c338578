import { Command, CommanderError } from 'commander';
import { CommandFailure, type Define, EXIT, type Run, type Terminal } from './command.ts';
import { printableLines } from './printable.ts';

/** Builds a command that parses with commander and never ends the process itself. */
export function program(name: string, define: Define): Run {
  return async (args, terminal) => {
    const command = new Command(`kms-reencrypt-proxy ${name}`);
    define(command, terminal);
    contain(command, name, terminal);
    try {
      await command.parseAsync([...args], { from: 'user' });
      return EXIT.ok;
    } catch (error) {
      if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
      if (!(error instanceof CommandFailure)) throw error;
      terminal.stderr.write(`kms-reencrypt-proxy ${name}: ${printableLines(error.message)}\n`);
      return error.exitCode;
    }
  };
}

/** Recurses: commander passes no setting on to sub-commands. */
function contain(command: Command, name: string, terminal: Terminal): void {
  // Half of 80 columns is left for the summaries of commands; commander's own bound is 40, and then they are not wrapped.
  command.configureHelp({ minWidthToWrap: 24 });
  command.exitOverride().configureOutput({
    writeOut: (text) => terminal.stdout.write(text),
    writeErr: (text) => terminal.stderr.write(text),
    outputError: (text, write) =>
      write(`kms-reencrypt-proxy ${name}: ${text.replace(/^error: /, '')}${hint(command, text)}`),
  });
  for (const sub of command.commands) contain(sub, name, terminal);
}

/** Other programs take the file without an option. */
function hint({ options }: Command, text: string): string {
  const named = options.some(({ long }) => long === '--config');
  return named && text.includes('too many arguments')
    ? 'Hint: --config FILE names the file.\n'
    : '';
}
