import { DRY_RUN_SENTENCE, httpStatusOf, JsonFault } from '../../aws-json/fault.ts';
import { type FieldViolation, REASONS, Refusal } from '../../errors.ts';

/**
 * A refusal in the form that users of AWS's SDKs know: KMS's name for it, and a message with the layer that
 * refused and the decision id under which the audit log has it. KMS's own error name is used only if KMS
 * refused: its ExpiredTokenException is about the proxy's credentials, and would pass for the caller's.
 */
export function toJsonFault(refusal: Refusal, decisionId: string): JsonFault {
  const { reason, side, rule, kmsError, fields } = refusal;
  const message = fields.length > 0 ? inAwsWords(fields) : refusal.message;
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

/** `source_key_id must …` → `1 validation error detected: Value at 'sourceKeyId' …`. */
function inAwsWords(fields: readonly FieldViolation[]): string {
  const problems = fields.map(
    ({ field, description }) =>
      `Value at '${memberOf(field)}' failed to satisfy constraint: Member ${description}`,
  );
  const errors = problems.length === 1 ? 'error' : 'errors';
  return `${problems.length} validation ${errors} detected: ${problems.join('; ')}`;
}

/** The proto's field name → the member as AWS's sentences spell it. */
function memberOf(field: string): string {
  const camel = field.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return camel.charAt(0).toLowerCase() + camel.slice(1);
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
