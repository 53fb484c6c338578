import type { AuditKind } from '../../audit-kinds.ts';
import { printable, shown } from '../printable.ts';
import {
  type AuditEntry,
  codesIn,
  codesOf,
  judged,
  keyName,
  principalOf,
  type ReloadView,
  type ShadowView,
  sideOf,
} from './entry-view.ts';

const COLOURS: Readonly<Record<string, number>> = {
  released: 32,
  dry_run: 36,
  checked: 36,
  denied: 33,
  failed: 31,
  withheld: 31,
  unknown: 35,
};

/** An entry on one line, for people. */
export function describeEntry(entry: AuditEntry, colour: boolean): string {
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
    printable(input?.principal?.id && principalOf(entry)),
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
// biome-ignore format: a list reads best packed.
const WITH_DETAILS: ReadonlySet<string> = new Set<AuditKind>(['correction', 'crash', 'recovered', 'broken', 'suspended', 'resumed', 'retention', 'dropped']);

function detailsOf(details: unknown): string {
  if (typeof details !== 'object' || details === null) return '';
  return Object.entries(details)
    .map(([name, value]) => `${name} ${shown(value)}`)
    .join(', ');
}
