import { run } from '../../../src/cli/audit/run.ts';
import { runCommand } from '../../helpers/run-command.ts';

/** Runs an `audit` command: its exit code and output. */
export async function runAudit(args: readonly string[], env = {}, input = '') {
  const ran = await runCommand(run, args, { stdin: Buffer.from(input), env });
  return { code: ran.exit, output: ran.stdout, errors: ran.stderr };
}
