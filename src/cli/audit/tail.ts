import { setTimeout } from 'node:timers/promises';
import type { Command } from 'commander';
import type { LogFiles } from '../../audit/verify/collect.ts';
import { readEntries } from '../../audit/verify/entries.ts';
import { createFollower } from '../../audit/verify/follow.ts';
import type { Terminal } from '../command.ts';
import { type AuditEntry, keyName, printable, toEntry } from './entry-view.ts';
import { addFilters, type Filter, type FilterOptions, toFilter } from './filter.ts';
import { disk, logOf } from './log-path.ts';

interface Options extends FilterOptions {
  readonly lines: string;
  readonly follow?: boolean;
  readonly json?: boolean;
  readonly color?: boolean;
}

const POLL_MS = 300;

export function defineTail(command: Command, terminal: Terminal): void {
  addFilters(
    command
      .command('tail')
      .description('Show the newest entries, one readable line each.')
      .argument('[path]', 'the log'),
  )
    .option('-n, --lines <count>', 'how many', '20')
    .option('-f, --follow', 'go on with what is written')
    .option('--json', 'whole entries, as they are in the log')
    .option('--no-color', 'without colours')
    .action(async (path: string | undefined, options: Options) => {
      const log = logOf(path, terminal);
      const wanted = toFilter(options);
      const colour =
        options.color === true && terminal.stdout.isTTY === true && !terminal.env['NO_COLOR'];
      const show = (line: Buffer) =>
        terminal.stdout.write(`${options.json ? line : describe(toEntry(line), colour)}\n`);
      const { lines, next } = newest(log, wanted, Number(options.lines));
      lines.forEach(show);
      if (options.follow) await follow({ log, next, wanted, show });
    });
}

function newest(log: LogFiles, wanted: Filter, count: number) {
  const lines: Buffer[] = [];
  let next = log.segments[0]?.head?.chain.seq ?? 0;
  for (const { bytes, seq } of readEntries(disk, log)) {
    next = seq + 1;
    if (count === 0 || !wanted(toEntry(bytes))) continue;
    lines.push(Buffer.from(bytes));
    if (lines.length > count) lines.shift();
  }
  return { lines, next };
}

interface Following {
  readonly log: LogFiles;
  readonly next: number;
  readonly wanted: Filter;
  readonly show: (line: Buffer) => void;
}

async function follow({ log, next, wanted, show }: Following): Promise<never> {
  const follower = createFollower(disk, log.path, next);
  for (;;) {
    for (const { bytes } of follower.read(Number.MAX_SAFE_INTEGER)) {
      if (wanted(toEntry(bytes))) show(bytes);
    }
    await setTimeout(POLL_MS);
  }
}

const COLOURS: Readonly<Record<string, number>> = {
  released: 32,
  dry_run: 36,
  checked: 36,
  denied: 33,
  failed: 31,
  withheld: 31,
  unknown: 35,
};

function describe(entry: AuditEntry, colour: boolean): string {
  const { seq, timestamp, kind, outcome, input, kms, result, decision_id: id } = entry;
  const status = outcome?.status ?? kind;
  const [source, destination] = [
    kms?.source ?? input?.source,
    kms?.destination ?? input?.destination,
  ];
  const painted = colour ? `\u001b[${COLOURS[status] ?? 2}m${status}\u001b[0m` : status;
  const parts = [
    `${seq}`,
    timestamp,
    painted,
    outcome?.reason,
    input?.principal && printable(input.principal.id),
    source && printable(`${keyName(source)} → ${keyName(destination)}`),
    result?.rule && printable(`rule ${result.rule}`),
    kms && `${(kms.latency_ns / 1e6).toFixed(1)} ms`,
    id,
  ];
  return parts.filter((part) => part !== undefined && part !== '').join('  ');
}
