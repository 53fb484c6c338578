import { setTimeout } from 'node:timers/promises';
import { type Command, InvalidArgumentError } from 'commander';
import type { LogFiles } from '../../audit/verify/collect.ts';
import { createFollower } from '../../audit/verify/follow.ts';
import type { Terminal } from '../command.ts';
import { examples } from '../examples.ts';
import { printableJson } from '../printable.ts';
import { describeEntry } from './describe-entry.ts';
import { disk } from './disk.ts';
import type { AuditEntry } from './entry-view.ts';
import { addFilters, type Filter, type FilterOptions, toFilter } from './filter.ts';
import { createJoin, type Join } from './join.ts';
import { type Gaps, warnOfGaps } from './missing.ts';
import { logOf } from './named-logs.ts';
import { tellNone } from './none.ts';
import { entriesIn, entryOf } from './read-log.ts';
import { stopUnread } from './reader-gone.ts';

interface Options extends FilterOptions {
  readonly lines: number;
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
    .option('-n, --lines <count>', 'how many entries', count, 20)
    .option('-f, --follow', 'go on with new entries as they are written')
    .option('--json', 'print whole entries, as they are in the log')
    .option('--no-color', 'without colours')
    .addHelpText(
      'after',
      examples('audit tail -f audit.jsonl', 'audit tail audit.jsonl --outcome denied --since 24h'),
    )
    .action(async (path: string | undefined, options: Options) => {
      const log = logOf(path, terminal);
      const wanted = toFilter(options);
      const seen = terminal.stdout.isTTY === true;
      const colour = options.color === true && seen && !terminal.env['NO_COLOR'];
      const whole = (line: Buffer) => (seen ? printableJson(line.toString()) : line);
      const join = createJoin();
      const unread = new AbortController();
      stopUnread(unread, terminal);
      const show = ({ line, entry }: Shown) =>
        terminal.stdout.write(`${options.json ? whole(line) : describeEntry(entry, colour)}\n`);
      const gaps = warnOfGaps(log, terminal);
      const { shown, next } = newest({ log, wanted, join, gaps }, options.lines);
      shown.forEach(show);
      if (shown.length === 0 && options.lines > 0 && !options.follow) tellNone(terminal);
      if (options.follow)
        await follow({ log, next, wanted, join, gaps, show, signal: unread.signal });
    });
}

function count(written: string): number {
  if (/^\d{1,9}$/.test(written)) return Number(written);
  throw new InvalidArgumentError('It must be a number of lines.');
}

interface Shown {
  readonly line: Buffer;
  readonly entry: AuditEntry;
}

function newest({ log, wanted, join, gaps }: Reading, count: number) {
  const shown: Shown[] = [];
  let next = log.segments[0]?.head?.chain.seq ?? 0;
  for (const { bytes, seq, ...read } of entriesIn(log, gaps)) {
    next = seq + 1;
    const entry = join(read.entry);
    if (count === 0 || !wanted(entry)) continue;
    shown.push({ line: Buffer.from(bytes), entry });
    if (shown.length > count) shown.shift();
  }
  return { shown, next };
}

interface Reading {
  readonly log: LogFiles;
  readonly wanted: Filter;
  readonly join: Join;
  readonly gaps: Gaps;
}

interface Following extends Reading {
  readonly next: number;
  readonly show: (shown: Shown) => void;
  readonly signal: AbortSignal;
}

async function follow({ log, next, wanted, join, gaps, show, signal }: Following): Promise<void> {
  const follower = createFollower(disk, log.path, next);
  while (!signal.aborted) {
    for (const { bytes, seq } of follower.read(Number.MAX_SAFE_INTEGER)) {
      const read = entryOf(log.path, bytes, seq);
      gaps.pass(read, seq);
      const entry = join(read);
      if (wanted(entry)) show({ line: bytes, entry });
    }
    await setTimeout(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
  follower.close();
}
