import { type Command, Option } from 'commander';
import { REASONS } from '../../errors.ts';
import { OUTCOMES } from '../../outcome.ts';
import { CommandFailure } from '../command.ts';
import { shown } from '../printable.ts';
import { type AuditEntry, policyOf, principalOf, reasonOf, revisionOf } from './entry-view.ts';
import { UNREADABLE } from './exit-codes.ts';

export interface FilterOptions {
  readonly principal?: string;
  readonly outcome?: string;
  readonly policy?: string;
  readonly keyArn?: string;
  readonly since?: string;
  readonly until?: string;
  readonly kind?: string;
  readonly decision?: string;
  readonly job?: string;
  readonly revision?: string;
}

/** As policies/schemas/audit.json lists them. */
const KINDS = [
  ...['intent', 'outcome', 'refusal', 'check', 'turned_away', 'correction', 'shadow', 'reload'],
  ...['segment', 'segment_close', 'checkpoint', 'started', 'restarted', 'shutdown', 'crash'],
  ...['recovered', 'suspended', 'resumed', 'broken', 'retention', 'dropped'],
];

/** Answers of `policyOf`. */
const POLICY_ANSWERS = ['allowed', 'denied'];

/** Adds the options that choose entries. */
export function addFilters(command: Command): Command {
  return command
    .option(
      '--principal <id>',
      'entries of this principal, or anonymous; * stands for any characters',
    )
    .option('--outcome <status>', `${OUTCOMES.join(', ')} or unknown; or a reason`)
    .addOption(
      new Option('--policy <answer>', 'what policy said, obeyed or not').choices(POLICY_ANSWERS),
    )
    .option(
      '--key-arn <arn>',
      'entries about this key, by ARN, id or any alias (or its ARN) that it then had',
    )
    .option(
      '--since <time>',
      'not before this RFC 3339 time or day (UTC), or so long ago: 90m, 24h, 7d',
    )
    .option('--until <time>', 'before this time')
    .addOption(new Option('--kind <kind>', 'entries of this kind').choices(KINDS))
    .option('--decision <id>', 'entries of one call')
    .option('--job <id>', 'entries of the calls of one batch or stream, by its decision id')
    .option(
      '--revision <revision>',
      'entries that this bundle decided, by its revision, and reloads after which it served',
    );
}

export type Filter = (entry: AuditEntry) => boolean;

export function toFilter(options: FilterOptions): Filter {
  const { principal, outcome, policy, keyArn, kind, decision, job, revision } = options;
  const tests: Filter[] = [];
  if (principal !== undefined) tests.push(byPrincipal(principal));
  if (outcome !== undefined) {
    if (![...OUTCOMES, 'unknown', ...Object.keys(REASONS)].includes(outcome)) {
      const sentence = `--outcome: '${outcome}' is neither an outcome nor a reason`;
      throw new CommandFailure(sentence, UNREADABLE);
    }
    tests.push(byOutcome(outcome));
  }
  if (policy !== undefined) tests.push((entry) => policyOf(entry) === policy);
  if (keyArn !== undefined) tests.push((entry) => keysOf(entry).some((key) => names(key, keyArn)));
  if (kind !== undefined) tests.push((entry) => entry.kind === kind);
  if (decision !== undefined) tests.push((entry) => entry.decision_id === decision);
  if (job !== undefined) tests.push(({ input }) => input?.request?.job === job);
  if (revision !== undefined) tests.push((entry) => revisionOf(entry) === revision);
  const [since, until] = [timeOf('--since', options.since), timeOf('--until', options.until)];
  if (since !== undefined) tests.push(({ timestamp }) => Date.parse(timestamp) >= since);
  if (until !== undefined) tests.push(({ timestamp }) => Date.parse(timestamp) < until);
  return (entry) => tests.every((test) => test(entry));
}

/** A call that a `correction` puts right is found by either end. */
function byOutcome(wanted: string): Filter {
  return (entry) =>
    [
      reasonOf(entry),
      entry.outcome?.status,
      entry.correction?.status,
      entry.correction?.reason,
    ].includes(wanted);
}

function byPrincipal(pattern: string): Filter {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  // The subject of a certificate has a line for each of its parts.
  const wanted = new RegExp(`^${parts.join('.*')}$`, 's');
  return (entry) => wanted.test(shown(principalOf(entry)));
}

function keysOf({ input, kms }: AuditEntry): readonly string[] {
  const sides = [input?.source, input?.destination, kms?.source, kms?.destination];
  return sides.flatMap((side) => {
    const [owner = ''] = /^arn:[^/]*:(?=key\/)/.exec(String(side?.key_arn)) ?? [];
    return [side?.key_arn, side?.requested_key_id, side?.alias, side?.aliases]
      .flat()
      .filter((key) => typeof key === 'string')
      .map((key) => (key.startsWith('alias/') ? `${owner}${key}` : key));
  });
}

/** `alias/app` matches `arn:…:alias/app` too, but not `…/my-alias/app`. */
function names(key: string, wanted: string): boolean {
  return key === wanted || key.endsWith(`:${wanted}`) || key.endsWith(`:key/${wanted}`);
}

function timeOf(option: string, value: string | undefined): number | undefined {
  if (value === undefined) return;
  const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(value) ?? [];
  const time =
    count === undefined ? instantOf(value) : Date.now() - Number(count) * (MS[unit] ?? Number.NaN);
  if (!Number.isNaN(time)) return time;
  throw new CommandFailure(
    `${option}: '${value}' is not a time with its zone, such as 2026-11-23T18:00:00Z, nor a day, nor an age such as 24h`,
    UNREADABLE,
  );
}

/** `Date.parse` accepts much more, mostly in this host's time zone: it reads `7` as a July. */
function instantOf(value: string): number {
  const [, day] = RFC_3339.exec(value) ?? [];
  const midnight = Date.parse(`${day}T00:00:00Z`);
  // Date.parse reads the 30th of February as a day of March.
  const real = !Number.isNaN(midnight) && new Date(midnight).toISOString().startsWith(`${day}`);
  return real ? Date.parse(value) : Number.NaN;
}

const RFC_3339 = /^(\d{4}-\d\d-\d\d)(?:[Tt]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:\d\d))?$/;

const MS: Readonly<Record<string, number>> = { s: 1e3, m: 6e4, h: 36e5, d: 864e5 };
