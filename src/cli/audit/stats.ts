import type { Command } from 'commander';
import type { Terminal } from '../command.ts';
import { examples } from '../examples.ts';
import { printable, printableJsonLines, shown } from '../printable.ts';
import {
  type AuditEntry,
  codesOf,
  judged,
  policyOf,
  principalOf,
  revisionOf,
} from './entry-view.ts';
import { addFilters, type FilterOptions, toFilter } from './filter.ts';
import { createJoin } from './join.ts';
import type { Missing } from './missing.ts';
import { entriesOf } from './read-log.ts';
import { createReleasedKeys, type ReleasedKeys } from './released-keys.ts';

interface Options extends FilterOptions {
  readonly json?: boolean;
}

type Counts = Map<string, number>;

export function defineStats(command: Command, terminal: Terminal): void {
  addFilters(
    command
      .command('stats')
      .description(
        'Count entries by kind, outcome, reason, policy’s answer and codes, principal, rule and revision, and what was released by source and destination key.',
      )
      .argument('[paths...]', 'logs or folders of logs'),
  )
    .option('--json', 'print them as JSON')
    .addHelpText(
      'after',
      examples(
        'audit stats audit.jsonl --since 24h',
        'audit stats audit.jsonl --key-arn alias/old --since 90d',
      ),
    )
    .action((paths: readonly string[], options: Options) => {
      const wanted = toFilter(options);
      const join = createJoin();
      const tally = createTally();
      const missing: Missing[] = [];
      for (const read of entriesOf(paths, terminal, (gap) => missing.push(gap))) {
        const entry = join(read.entry);
        if (wanted(entry)) tally.add(entry);
      }
      const tables = tally.tables();
      terminal.stdout.write(options.json ? toJson(tables, missing) : toText(tables));
    });
}

function createTally() {
  const counts: Readonly<Record<string, Counts>> = {
    kind: new Map(),
    outcome: new Map(),
    correction: new Map(),
    reason: new Map(),
    policy: new Map(),
    not_enforced: new Map(),
    policy_code: new Map(),
    principal: new Map(),
    rule: new Map(),
    revision: new Map(),
    turned_away: new Map(),
    shadow: new Map(),
    shadow_principal: new Map(),
  };
  const pairs = createReleasedKeys();
  let [first, last] = ['', ''];

  return {
    add(entry: AuditEntry) {
      const { kind, outcome, timestamp, turned_away: away, correction, shadow } = entry;
      // Compared, because entries need not be in order: there may be many logs, and clocks may be set back.
      if (first === '' || timestamp < first) first = timestamp;
      if (timestamp > last) last = timestamp;
      count('kind', kind);
      if (outcome) countEnd(entry, outcome);
      count('correction', correction?.status);
      if (shadow) {
        count('shadow', shadow.comparison);
        count('shadow_principal', principalOf(entry));
      }
      // One such entry stands for many calls.
      if (away) count('turned_away', away.reason, Number(away.count));
      if (outcome?.status === 'released') pairs.add(entry);
    },
    tables: () => ({ first, last, counts, keys: pairs.list() }),
  };

  function countEnd(entry: AuditEntry, outcome: NonNullable<AuditEntry['outcome']>): void {
    count('outcome', outcome.status);
    count('reason', outcome.reason);
    count('policy', policyOf(entry));
    // Otherwise calls that were denied and released in observe mode would alarm an auditor.
    if (judged(entry).enforced === false) count('not_enforced', policyOf(entry));
    for (const code of new Set(codesOf(entry).split(' '))) count('policy_code', code);
    count('principal', principalOf(entry));
    count('rule', judged(entry).result?.rule);
    count('revision', revisionOf(entry));
  }

  /** Of a log that is not verified, or where a mask put something else, a value may be no text. */
  function count(table: string, value: string | undefined, times = 1): void {
    const text = shown(value);
    if (value) counts[table]?.set(text, (counts[table]?.get(text) ?? 0) + times);
  }
}

type Tables = ReturnType<ReturnType<typeof createTally>['tables']>;

function toText({ first, last, counts, keys }: Tables): string {
  if (first === '') return 'no entries\n';
  const tables = Object.entries(counts).map(([name, table]) =>
    toTable(
      name,
      sorted(table).map(([value, count]) => [count, printable(value)]),
    ),
  );
  const pairs = toTable(
    'keys of what was released',
    keys.map((pair) => [pair.released, pairToText(pair)]),
  );
  return `from ${printable(first)} to ${printable(last)}\n${tables.join('')}${pairs}`;
}

function toTable(name: string, rows: readonly (readonly [number, string])[]): string {
  const lines = rows.map(([count, text]) => `  ${String(count).padStart(10)}  ${text}\n`);
  return lines.length === 0 ? '' : `${name}\n${lines.join('')}`;
}

function pairToText({ source, destination, last }: ReleasedKeys): string {
  return printable(`${source || '?'} → ${destination || '?'}  last ${last}`);
}

function toJson({ first, last, counts, keys }: Tables, missing: readonly Missing[]): string {
  const tables = Object.entries(counts).map(([name, table]) => [
    name,
    Object.fromEntries(sorted(table)),
  ]);
  const all = { first, last, ...Object.fromEntries(tables), keys, missing };
  return `${printableJsonLines(JSON.stringify(all, null, 2))}\n`;
}

function sorted(table: Counts): readonly (readonly [string, number])[] {
  return [...table].sort(([, a], [, b]) => b - a);
}
