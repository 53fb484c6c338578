import { once } from 'node:events';
import { type Command, Option } from 'commander';
import type { Terminal } from '../command.ts';
import { examples } from '../examples.ts';
import { printable, printableJson, shown } from '../printable.ts';
import {
  type AuditEntry,
  aliasIn,
  codesIn,
  codesOf,
  judged,
  reasonOf,
  revisionOf,
  sideOf,
} from './entry-view.ts';
import { addFilters, type FilterOptions, toFilter } from './filter.ts';
import { createJoin } from './join.ts';
import { tellNone } from './none.ts';
import { entriesOf } from './read-log.ts';

interface Options extends FilterOptions {
  readonly format: 'csv' | 'jsonl';
}

const COLUMNS: readonly (readonly [string, (entry: AuditEntry, origin: string) => unknown])[] = [
  ['seq', ({ seq }) => seq],
  ['timestamp', ({ timestamp }) => timestamp],
  ['kind', ({ kind }) => kind],
  ['decision_id', (entry) => entry.decision_id],
  ['principal', ({ input }) => input?.principal?.id],
  ['principal_kind', ({ input }) => input?.principal?.kind],
  ['requested_by', (entry) => entry.requested_by],
  ['source_key', (entry) => sideOf(entry, 'source')?.key_arn],
  ['destination_key', (entry) => sideOf(entry, 'destination')?.key_arn],
  ['allow', (entry) => judged(entry).result?.allow],
  ['rule', (entry) => entry.shadow?.rule ?? judged(entry).result?.rule],
  ['status', ({ outcome, correction }) => (outcome ?? correction)?.status],
  ['reason', (entry) => reasonOf(entry) ?? entry.correction?.reason],
  ['code', ({ outcome }) => outcome?.code],
  ['kms_request_id', ({ kms, outcome }) => kms?.request_id ?? outcome?.kms_request_id],
  ['kms_latency_ns', ({ kms }) => kms?.latency_ns],
  ['enforced', (entry) => judged(entry).enforced],
  ['policy_codes', (entry) => (entry.shadow ? codesIn(entry.shadow.reasons) : codesOf(entry))],
  ['job', ({ input }) => input?.request?.job],
  ['revision', (entry) => entry.shadow?.revision ?? revisionOf(entry)],
  ['reload_policy', ({ reload }) => reload?.policy],
  ['reload_outcome', ({ reload }) => reload?.outcome],
  ['reload_digest', ({ reload }) => reload?.digest],
  ['reload_sentence', ({ reload }) => reload?.sentence],
  ['origin', (_, origin) => origin],
  ['count', ({ turned_away: away }) => away?.count],
  ['source_alias', (entry) => aliasOf(sideOf(entry, 'source'))],
  ['destination_alias', (entry) => aliasOf(sideOf(entry, 'destination'))],
  ['shadow', ({ shadow }) => shadow?.comparison],
];

/** The alias by which the call named the key, or else all that the key had then. */
function aliasOf(side: ReturnType<typeof sideOf>): unknown {
  const aliases: unknown = side?.aliases;
  return aliasIn(side) ?? (Array.isArray(aliases) ? aliases.join(' ') : aliases);
}

export function defineExport(command: Command, terminal: Terminal): void {
  addFilters(
    command
      .command('export')
      .description('Write entries for other programs.')
      .argument('[paths...]', 'logs or folders of logs'),
  )
    .addOption(
      new Option('--format <format>', 'what to write').choices(['csv', 'jsonl']).default('jsonl'),
    )
    .addHelpText(
      'after',
      examples(
        'audit export a.jsonl --format csv --since 7d > week.csv',
        "audit export a.jsonl --principal '*/api' > api.jsonl",
      ),
    )
    .action((paths: readonly string[], options: Options) => exportLogs(paths, options, terminal));
}

async function exportLogs(paths: readonly string[], options: Options, terminal: Terminal) {
  const { format } = options;
  const wanted = toFilter(options);
  const join = createJoin();
  // Spreadsheets and scripts get what the log has; a terminal would interpret it.
  const seen = terminal.stdout.isTTY === true;
  const safe = format === 'csv' ? printable : printableJson;
  if (format === 'csv') await write(terminal, COLUMNS.map(([name]) => name).join(','));
  let none = true;
  for (const { bytes, origin, ...read } of entriesOf(paths, terminal)) {
    const entry = join(read.entry);
    if (!wanted(entry)) continue;
    none = false;
    const line = format === 'csv' ? toRow(entry, origin) : bytes.toString();
    await write(terminal, seen ? safe(line) : line);
  }
  if (none) tellNone(terminal);
}

function toRow(entry: AuditEntry, origin: string): string {
  return COLUMNS.map(([, cell]) => toCell(cell(entry, origin))).join(',');
}

/**
 * Quoted as in RFC 4180, but lines end in LF and not in CR LF: every reader takes that, and a shell needs
 * it. What a spreadsheet would run as a formula, full-width forms too, gets an apostrophe.
 */
function toCell(value: unknown): string {
  if (value === undefined || value === null) return '';
  const text = shown(value).replace(
    /^(?=[=+\-@＝＋－＠\t\r\n])/,
    typeof value === 'number' ? '' : "'",
  );
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

async function write({ stdout }: Terminal, line: string): Promise<void> {
  if (!stdout.write(`${line}\n`)) await once(stdout, 'drain');
}
