import { type Progress, TRANSPORTS } from '../call.ts';
import { REASONS, type Reason, type Refusal } from '../errors.ts';
import { isDenial, outcomeOf } from '../outcome.ts';
import { OVERFLOW, RULES_AT_MOST } from './catalogue.ts';
import { cellsOnDemand } from './cells.ts';
import type { Series } from './series.ts';

export interface CallMetrics {
  /** Once per identified call, when its terminal entry is durable or has failed. */
  count(progress: Progress, refusal?: Refusal): void;
  /** A refusal before identity or by a limit. */
  turnedAway(refusal: Refusal): void;
}

/** The reason label when nothing went wrong. */
const NONE = 'OK';

const ALL_REASONS = Object.keys(REASONS) as Reason[];

export function createCallMetrics(series: Series): CallMetrics {
  const calls = cellsOnDemand((key) => {
    const [transport = '', outcome = '', reason = ''] = key.split(' ');
    return series.counter('kms_reencrypt_calls_total', { transport, outcome, reason });
  });
  const countDecision = createDecisionCount(series);
  const observePolicy = series.histogram('kms_reencrypt_policy_seconds');
  const away = cellsOnDemand((reason) =>
    series.counter('kms_reencrypt_turned_away_total', { reason }),
  );
  for (const reason of ALL_REASONS) away(reason);
  for (const transport of TRANSPORTS) {
    for (const end of expectedEnds()) calls(`${transport} ${end}`);
  }

  return {
    count(progress, refusal) {
      const outcome = outcomeOf(progress, refusal);
      calls(`${progress.call.transport} ${outcome} ${refusal?.reason ?? NONE}`).value += 1;
      const { decision } = progress;
      if (!decision) return;
      countDecision(decision);
      if (decision.evaluationNs > 0) observePolicy(decision.evaluationNs / 1e9);
    },
    turnedAway(refusal) {
      away(refusal.reason).value += 1;
    },
  };
}

/** All possible ends, so that the first of each shows as a rise from 0. */
function expectedEnds(): string[] {
  const refusals = ALL_REASONS.flatMap((reason) =>
    isDenial(reason)
      ? [`denied ${reason}`]
      : [`failed ${reason}`, ...(mayWithhold(reason) ? [`withheld ${reason}`] : [])],
  );
  return [`released ${NONE}`, `dry_run ${NONE}`, `checked ${NONE}`, ...refusals];
}

function mayWithhold(reason: Reason): boolean {
  return ['CONFIRM_MISMATCH', 'AUDIT_UNAVAILABLE', 'DEADLINE_EXCEEDED', 'CANCELLED'].includes(
    reason,
  );
}

function createDecisionCount(series: Series) {
  const rules = new Set<string>();
  const cells = cellsOnDemand((key) => {
    const [effect = '', reason = '', side = '', rule = ''] = key.split(' ');
    return series.counter('kms_reencrypt_decisions_total', { effect, reason, rule, side });
  });
  cells(`allow ${NONE}  `);
  for (const reason of ALL_REASONS) if (isDecision(reason)) cells(`deny ${reason}  `);

  return ({
    effect,
    failure,
    reasons,
    rule,
    sourceRequired,
  }: NonNullable<Progress['decision']>) => {
    const denied = sourceRequired ? 'SOURCE_KEY_REQUIRED' : failure || 'POLICY_DENIED';
    const reason = effect === 'allow' ? NONE : denied;
    const side = effect === 'deny' ? (reasons[0]?.side ?? '') : '';
    cells(`${effect} ${reason} ${side} ${boundedRule(rules, rule)}`).value += 1;
  };
}

function isDecision(reason: Reason): boolean {
  return reason.startsWith('POLICY_') || reason === 'SOURCE_KEY_REQUIRED';
}

/** Policy chooses the names of rules, so their number and form are bounded here. */
function boundedRule(rules: Set<string>, rule: string): string {
  if (rule === '' || rules.has(rule)) return rule;
  if (rules.size >= RULES_AT_MOST || !/^[\w./-]{1,64}$/.test(rule)) return OVERFLOW;
  rules.add(rule);
  return rule;
}
