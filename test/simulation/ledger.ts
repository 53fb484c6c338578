import type { SimulatedDisk } from './disk.ts';

interface LedgerEntry {
  readonly id: string;
  readonly kind: string;
  /** Of a terminal entry; '' for an intent. */
  readonly status: string;
}

const TERMINAL = new Set(['outcome', 'refusal', 'check']);

/** The entries of a call that would survive a power cut now. */
export function entriesOf(disk: SimulatedDisk, id: string): LedgerEntry[] {
  const found: LedgerEntry[] = [];
  for (const file of disk.durable()) {
    for (let at = file.indexOf(id); at >= 0; at = file.indexOf(id, at)) {
      const end = file.indexOf('\n', at);
      const line = file.toString('utf8', file.lastIndexOf('\n', at) + 1, end < 0 ? undefined : end);
      if (line.includes(`"decision_id":"${id}"`)) found.push(toEntry(id, line));
      at = end < 0 ? file.length : end;
    }
  }
  return found;
}

export const intentsIn = (entries: readonly LedgerEntry[]): number =>
  entries.filter(({ kind }) => kind === 'intent').length;

export const terminalsIn = (entries: readonly LedgerEntry[]): number =>
  entries.filter(({ kind }) => TERMINAL.has(kind)).length;

/** The kinds are listed because the principal in the entry has a `kind` too. */
function toEntry(id: string, line: string): LedgerEntry {
  const kind = /"kind":"(intent|outcome|refusal|check)"/.exec(line)?.[1] ?? '';
  return { id, kind, status: /"status":"(\w+)"/.exec(line)?.[1] ?? '' };
}
