import { InvalidArgumentError } from 'commander';
import { type FaultKind, JobFault } from '../../bulk/fault.ts';
import { createTally } from '../../bulk/job.ts';
import { messageOf } from '../../thrown.ts';
import { CommandFailure, type Define } from '../command.ts';
import { printable } from '../printable.ts';
import { program } from '../program.ts';
import { withProxyOptions } from '../proxy-options.ts';
import { tellOfInterrupt } from './interrupt.ts';
import { outcomeOf, refusalsIn } from './outcome.ts';
import { type BulkOptions, performBulk } from './perform.ts';

/** sysexits(3): EX_DATAERR and EX_TEMPFAIL. */
const EXIT_CODES: Readonly<Record<FaultKind, number>> = { data: 65, later: 75, failed: 1 };

const HELP = `
An item is a line of JSON, and so is its result (here broken to fit):
  {"reference":"row-17","ciphertext_blob":"AQIC…",
   "source_encryption_context":{"tenant":"acme"}, …}
  {"reference":"row-17","ciphertext_blob":"AQIC…","key_id":"arn:…", …}
  {"reference":"row-18","refused":{"reason":"POLICY_DENIED", …}}

Results stand in the order of the items. Run it again with the same files, and
it goes on where the results end; items that have changed since belong into new
files. What is refused for now (a limit, a proxy or KMS that is away) is tried
again.

Exit codes: 0 all re-encrypted, 1 some refused, 64 wrong usage, 65 a line is
wrong, 74 standard output cannot be written, 75 run it again.

Examples:
  kms-reencrypt-proxy bulk items.jsonl out.jsonl --destination-key-id alias/new
  zcat items.jsonl.gz | kms-reencrypt-proxy bulk - out.jsonl --per-second 200
`;

interface Options extends BulkOptions {
  readonly json?: boolean;
}

export const define: Define = (command, terminal) => {
  withProxyOptions(command, terminal)
    .description('Re-encrypt every item of a file; go on where it was interrupted.')
    .argument('<items>', 'file of items, or - for standard input')
    .argument('<results>', 'file for their results')
    .option('--source-key-id <id>', 'for items that name none')
    .option('--destination-key-id <id>', 'for items that name none')
    .option(
      '--per-second <items>',
      'send at most this many per second; 0 means no limit',
      amount,
      0,
    )
    .option('--retry-for <seconds>', 'give up after this long without progress', amount, 60)
    .option('--json', 'print the outcome as JSON')
    .addHelpText('after', HELP)
    .action(async (items: string, results: string, options: Options) => {
      const tally = createTally();
      const tellJson = (error: string) =>
        options.json && terminal.stdout.write(`${JSON.stringify({ ...tally, error })}\n`);
      const interrupts = tellOfInterrupt(() => {
        // Behind the bar, and the ^C that a terminal adds to it.
        const begin = terminal.stderr.isTTY ? '\n' : '';
        terminal.stderr.write(
          `${begin}interrupted after ${tally.items} items; run it again to go on\n`,
        );
        tellJson('interrupted');
      });
      const failure = await performBulk({ items, results }, { ...options, tally }, terminal)
        .then(() => undefined, toFailure)
        .finally(interrupts.off);
      tellJson(failure?.message ?? '');
      if (!failure && !options.json) terminal.stdout.write(`${outcomeOf(tally)}\n`);
      if (failure) throw failure;
      if (tally.refused > 0) throw new CommandFailure(refusalsIn(results, tally));
    });
};

export const run = program('bulk', define);

function toFailure(thrown: unknown): CommandFailure {
  if (thrown instanceof CommandFailure) return thrown;
  if (thrown instanceof JobFault)
    return new CommandFailure(printable(thrown.message), EXIT_CODES[thrown.kind]);
  return new CommandFailure(messageOf(thrown));
}

function amount(written: string): number {
  const value = Number(written);
  if (written !== '' && value >= 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('It must be a number from 0 on.');
}
