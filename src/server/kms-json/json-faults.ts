import { DRY_RUN_SENTENCE, httpStatusOf, JsonFault } from '../../aws-json/fault.ts';
import { REASONS, Refusal } from '../../errors.ts';

/**
 * A refusal as users of AWS's SDKs read one: KMS's name for it, and a message that says which layer
 * refused and under which decision id the audit log has it.
 */
export function toJsonFault(refusal: Refusal, decisionId: string): JsonFault {
  const { reason, side, rule, kmsError, message } = refusal;
  const code = kmsError === '' ? REASONS[reason].kmsError : kmsError;
  const details = [
    `reason ${reason}`,
    ...(side === '' ? [] : [`side ${side}`]),
    ...(rule === '' ? [] : [`rule ${rule}`]),
    `decision id ${decisionId}`,
  ];
  return new JsonFault(code, `${message} (${details.join(', ')})`, httpStatusOf(code));
}

/** The answer to a dry run that would succeed. */
export function dryRunSuccess(): JsonFault {
  return new JsonFault('DryRunOperationException', DRY_RUN_SENTENCE);
}

/** What failed before there was a call, as the audit log and the metrics count it. */
export function toTurnedAway(fault: JsonFault): Refusal {
  const reason = fault.code === 'SerializationException' ? 'INVALID_REQUEST' : 'UNAUTHENTICATED';
  return new Refusal(reason, { sentence: fault.message, cause: fault });
}
