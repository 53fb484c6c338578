import { JsonFault } from '../../aws-json/fault.ts';
import { REASONS, Refusal } from '../../errors.ts';

/** KMS answers 400 for every error that the caller can do something about. */
const SERVER_FAULTS = new Set([
  'KMSInternalException',
  'KeyUnavailableException',
  'DependencyTimeoutException',
]);

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
  const status = SERVER_FAULTS.has(code) ? 500 : 400;
  return new JsonFault(code, `${message} (${details.join(', ')})`, status);
}

/** KMS reports a dry run that would succeed as an error. */
export function dryRunSuccess(): JsonFault {
  return new JsonFault(
    'DryRunOperationException',
    'The request would have succeeded, but the DryRun option is set.',
  );
}

/** What failed before there was a call, as the audit log and the metrics count it. */
export function toTurnedAway(fault: JsonFault): Refusal {
  const reason = fault.code === 'SerializationException' ? 'INVALID_REQUEST' : 'UNAUTHENTICATED';
  return new Refusal(reason, { sentence: fault.message, cause: fault });
}
