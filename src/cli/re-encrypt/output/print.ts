import type { Terminal } from '../../command.ts';
import { otherFailure } from '../failure.ts';
import type { Settings } from '../settings.ts';

interface Printing {
  readonly settings: Settings;
  readonly terminal: Terminal;
}

/** Writes the whole result, through the pager if standard output is a terminal. @throws CliFailure */
export async function print(output: string | Uint8Array, printing: Printing): Promise<void> {
  if (output.length === 0) return;
  const { settings, terminal } = printing;
  if (typeof output === 'string' && settings.pager && terminal.stdout.isTTY === true) {
    const { page, pagerCommand } = await import('./pager.ts');
    const command = pagerCommand(settings.profile, terminal.env);
    if (command !== undefined && (await page(output, command))) return;
  }
  await write(terminal.stdout, output);
}

/** Resolves once the text is handed over. @throws CliFailure if it cannot be written */
export function write(stdout: Terminal['stdout'], output: string | Uint8Array): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const fail = (error: Error) => {
    const closed = 'code' in error && error.code === 'EPIPE';
    const why = closed ? 'its reader went away (broken pipe)' : error.message;
    reject(otherFailure(`The result could not be written to standard output: ${why}`, error));
  };
  stdout.once('error', fail);
  stdout.write(output, (error) => {
    if (error) return fail(error);
    stdout.off('error', fail);
    resolve();
  });
  return promise;
}
