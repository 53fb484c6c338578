import { run } from '../../../src/cli/audit/run.ts';
import { createTerminal } from './terminal.ts';

/** Runs an `audit` command: its exit code and output. */
export async function runAudit(args: readonly string[], env = {}, input = '') {
  const terminal = createTerminal(env, input);
  const code = await run(args, terminal);
  return { code, output: terminal.output(), errors: terminal.errors() };
}
