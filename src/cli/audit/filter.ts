import { type Command, Option } from 'commander';
import { AUDIT_KINDS } from '../../audit-kinds.ts';
import { SIDES, type Side } from '../../call.ts';
import { REASONS } from '../../errors.ts';
import { OUTCOMES } from '../../outcome.ts';
import { CommandFailure } from '../command.ts';
import { shown } from '../printable.ts';
import {
  type AuditEntry,
  judged,
  policyOf,
  principalOf,
  reasonOf,
  revisionOf,
} from './entry-view.ts';
import { UNREADABLE } from './exit-codes.ts';
import { timeOf } from './time.ts';

export interface FilterOptions {
  readonly principal?: string;
  readonly outcome?: string;
  readonly policy?: string;
  readonly rule?: string;
  readonly keyArn?: string;
  readonly side?: Side;
  readonly since?: string;
  readonly until?: string;
  readonly kind?: string;
  readonly decision?: string;
  readonly job?: string;
  readonly revision?: string;
}

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
    .option('--rule <name>', 'entries that this rule of the policy decided')
    .option(
      '--key-arn <arn>',
      'entries about this key, by ARN, id or any alias (or its ARN) that it then had',
    )
    .addOption(
      new Option('--side <side>', 'that key as the source, or destination, alone').choices(SIDES),
    )
    .option(
      '--since <time>',
      'not before this RFC 3339 time or day (UTC), or so long ago: 90m, 24h, 7d',
    )
    .option('--until <time>', 'before this time')
    .addOption(new Option('--kind <kind>', 'entries of this kind').choices(AUDIT_KINDS))
    .option('--decision <id>', 'entries of one call')
    .option('--job <id>', 'entries of the calls of one batch or stream, by its decision id')
    .option(
      '--revision <revision>',
      'entries that this bundle decided, by its revision, and reloads after which it served',
    );
}

export type Filter = (entry: AuditEntry) => boolean;

export function toFilter(options: FilterOptions): Filter {
  const { principal, outcome, keyArn, side } = options;
  const tests = EXACT.flatMap(([option, read]) => {
    const wanted = options[option];
    return wanted === undefined ? [] : [(entry: AuditEntry) => read(entry) === wanted];
  });
  if (principal !== undefined) tests.push(byPrincipal(principal));
  if (outcome !== undefined) tests.push(byOutcome(outcome));
  if (side !== undefined && keyArn === undefined)
    throw new CommandFailure('--side needs --key-arn', UNREADABLE);
  if (keyArn !== undefined) tests.push(byKey(keyArn, side ? [side] : SIDES));
  const [since, until] = [timeOf('--since', options.since), timeOf('--until', options.until)];
  if (since !== undefined) tests.push(({ timestamp }) => Date.parse(timestamp) >= since);
  if (until !== undefined) tests.push(({ timestamp }) => Date.parse(timestamp) < until);
  return (entry) => tests.every((test) => test(entry));
}

/** Options whose entries have exactly that value. */
const EXACT: readonly [keyof FilterOptions, (entry: AuditEntry) => string | undefined][] = [
  ['policy', policyOf],
  ['rule', (entry) => judged(entry).result?.rule],
  ['kind', ({ kind }) => kind],
  ['decision', ({ decision_id: id }) => id],
  ['job', ({ input }) => input?.request?.job],
  ['revision', revisionOf],
];

/** A call that a `correction` puts right is found by either end. @throws CommandFailure */
function byOutcome(wanted: string): Filter {
  if (![...OUTCOMES, 'unknown', ...Object.keys(REASONS)].includes(wanted)) {
    const sentence = `--outcome: '${wanted}' is neither an outcome nor a reason`;
    throw new CommandFailure(sentence, UNREADABLE);
  }
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
  return (entry) =>
    [principalOf(entry), entry.input?.principal?.id].some((name) => wanted.test(shown(name)));
}

function byKey(wanted: string, sides: readonly Side[]): Filter {
  return (entry) => keysOf(entry, sides).some((key) => names(key, wanted));
}

function keysOf({ input, kms }: AuditEntry, sides: readonly Side[]): readonly string[] {
  const views = sides.flatMap((side) => [input?.[side], kms?.[side]]);
  return views.flatMap((side) => {
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
