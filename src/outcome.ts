import type { Progress } from './call.ts';
import { REASONS, type Reason, type Refusal } from './errors.ts';

/** How a call ended, in the words of both its audit entry and the metrics. */
type Outcome = (typeof OUTCOMES)[number];

export const OUTCOMES = ['released', 'denied', 'failed', 'withheld', 'dry_run', 'checked'] as const;

export function outcomeOf({ call, answer }: Progress, refusal: Refusal | undefined): Outcome {
  if (refusal) {
    if (answer) return 'withheld';
    return isDenial(refusal.reason) ? 'denied' : 'failed';
  }
  if (call.action === 'kms:CheckReEncrypt') return 'checked';
  return answer?.dryRun ? 'dry_run' : 'released';
}

/** Policy said no, or could not answer. */
export function isDenial(reason: Reason): boolean {
  return REASONS[reason].layer === 'policy';
}
