import { DRY_RUN_SENTENCE, httpStatusOf, JsonFault } from '../../aws-json/fault.ts';
import { REASONS, Refusal } from '../../errors.ts';

/**
 * A refusal in the form that users of AWS's SDKs know: KMS's name for it, and a message with the layer that
 * refused and the decision id under which the audit log has it. KMS's own error name is used only if KMS
 * refused: its ExpiredTokenException is about the proxy's credentials, and would pass for the caller's.
 */
export function toJsonFault(refusal: Refusal, decisionId: string): JsonFault {
  const { reason, side, rule, kmsError, message } = refusal;
  const { layer, grpc, kmsError: own } = REASONS[reason];
  const code = layer === 'KMS' && kmsError !== '' ? kmsError : own;
  const details = [
    `refused by ${layer}`,
    `reason ${reason}`,
    ...(side === '' ? [] : [`side ${side}`]),
    ...(rule === '' ? [] : [`rule ${rule}`]),
    `decision id ${decisionId}`,
  ];
  // SDKs retry 5xx, whatever the name.
  const status = grpc === 'UNAVAILABLE' ? 500 : httpStatusOf(code);
  return new JsonFault(code, `${message} (${details.join(', ')})`, status);
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
