import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../../src/cli/policy/run.ts';
import { runCommand } from '../../helpers/run-command.ts';

/** Runs a `policy` command: its exit code and output. */
export async function policy(args: string, stdin = '') {
  const ran = await runCommand(run, args.split(' '), { stdin: Buffer.from(stdin) });
  return { code: ran.exit, out: ran.stdout, err: ran.stderr };
}

/** A file of its own, in a folder of its own. */
export const fileOf = (name: string, content: string | Buffer) => {
  const file = join(mkdtempSync(join(tmpdir(), 'policy-')), name);
  writeFileSync(file, content);
  return file;
};
