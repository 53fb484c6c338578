import { setTimeout } from 'node:timers/promises';
import { type Command, InvalidArgumentError } from 'commander';
import type { LogFiles } from '../../audit/verify/collect.ts';
import { createFollower } from '../../audit/verify/follow.ts';
import type { Terminal } from '../command.ts';
import { examples } from '../examples.ts';
import { printable, printableJson } from '../printable.ts';
import { disk } from './disk.ts';
import {
  type AuditEntry,
  codesIn,
  codesOf,
  judged,
  keyName,
  type ReloadView,
  type ShadowView,
  sideOf,
} from './entry-view.ts';
import { addFilters, type Filter, type FilterOptions, toFilter } from './filter.ts';
import { createJoin, type Join } from './join.ts';
import { type Gaps, warnOfGaps } from './missing.ts';
import { logOf } from './named-logs.ts';
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
        terminal.stdout.write(`${options.json ? whole(line) : describe(entry, colour)}\n`);
      const gaps = warnOfGaps(log, terminal);
      const { shown, next } = newest({ log, wanted, join, gaps }, options.lines);
      shown.forEach(show);
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
  const { seq, timestamp, kind, outcome, input, kms, decision_id: id } = entry;
  const { result, enforced } = judged(entry);
  const status = printable(outcome?.status ?? kind);
  const [source, destination] = [sideOf(entry, 'source'), sideOf(entry, 'destination')];
  const painted = colour ? `\u001b[${COLOURS[status] ?? 2}m${status}\u001b[0m` : status;
  const parts = [
    printable(seq),
    printable(timestamp),
    painted,
    printable(outcome?.reason),
    printable(input?.principal?.id),
    source && printable(`${keyName(source)} → ${keyName(destination)}`),
    result?.rule && printable(`rule ${result.rule}`),
    result?.allow === false && enforced === false && 'denied, not enforced',
    printable(codesOf(entry)),
    printable(aboutProcess(entry)),
    kms && `${(kms.latency_ns / 1e6).toFixed(1)} ms`,
    printable(id),
  ];
  return parts.filter((part) => part !== undefined && part !== false && part !== '').join('  ');
}

/** What an entry says that is not about a single call, or about the policy beside it. */
function aboutProcess(entry: AuditEntry): string {
  const { turned_away: away, shadow, reload, kind } = entry;
  if (away) return `${away.reason} × ${away.count}`;
  if (shadow) return aboutShadow(shadow);
  if (!reload) return WITH_DETAILS.has(kind) ? detailsOf(entry[kind]) : '';
  return aboutReload(reload);
}

function aboutShadow({ comparison, revision, rule, failure, reasons }: ShadowView): string {
  const by = rule ? `rule ${rule}` : failure;
  return [`${comparison} by ${revision}`, by, codesIn(reasons)].filter(Boolean).join('  ');
}

/** After a refused reload, revision and digest are those of the bundle still in use, if any. */
function aboutReload({ policy, outcome, revision, digest, sentence }: ReloadView): string {
  const bundle = [revision, digest && `sha256:${digest}`].filter(Boolean).join(' ');
  const goesOn = bundle === '' ? ', none serves' : `, still ${bundle}`;
  const what = outcome === 'refused' ? goesOn : ` ${bundle}`;
  return `${policy} ${outcome}${what}${sentence === '' ? '' : `: ${sentence}`}`;
}

/** Kinds that say what happened in a member of their own name. */
const WITH_DETAILS = new Set(
  'correction crash recovered broken suspended resumed retention dropped'.split(' '),
);

function detailsOf(details: unknown): string {
  if (typeof details !== 'object' || details === null) return '';
  return Object.entries(details)
    .map(([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : value}`)
    .join(', ');
}
