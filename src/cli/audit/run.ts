import { messageOf } from '../../thrown.ts';
import { type Define, EXIT, type Run } from '../command.ts';
import { printableLines } from '../printable.ts';
import { program } from '../program.ts';
import { defineConsistency } from './consistency.ts';
import { UNREADABLE } from './exit-codes.ts';
import { defineExport } from './export.ts';
import { defineHash } from './hash.ts';
import { defineProve } from './prove.ts';
import { defineStats } from './stats.ts';
import { defineTail } from './tail.ts';
import { defineVerify } from './verify.ts';

export const define: Define = (command, terminal) => {
  command.description(
    'Verify and read audit logs, offline. Exit codes: 0 intact, 1 tampered, 2 torn tail, 3 usage or unreadable.',
  );
  defineVerify(command, terminal);
  defineProve(command, terminal);
  defineConsistency(command, terminal);
  defineHash(command, terminal);
  defineTail(command, terminal);
  defineExport(command, terminal);
  defineStats(command, terminal);
};

const runAudit = program('audit', define);

/** A script must tell "tampered" from "could not look": whatever is not a verdict is 3. */
export const run: Run = async (args, terminal) => {
  let unwritten = false;
  terminal.stdout.once('error', () => {
    unwritten = true;
  });
  try {
    const code = await runAudit(args, terminal);
    return code === EXIT.usage ? UNREADABLE : code;
  } catch (thrown) {
    // main.ts reports lost output, and ignores a reader that closed early: neither is a verdict.
    if (unwritten) return EXIT.ok;
    const message = printableLines(messageOf(thrown));
    terminal.stderr.write(`kms-reencrypt-proxy audit: ${message}\n`);
    return UNREADABLE;
  }
};
