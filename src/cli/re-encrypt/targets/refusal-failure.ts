import { lastError } from '../../../client/last-error.ts';
import type { RefusedError } from '../../../client/refused-error.ts';
import { REASONS } from '../../../errors.ts';
import { CliFailure, EXIT_CODE, type FailureFacts, otherFailure } from '../failure.ts';

/** Node's names of errors when nothing listens at the endpoint. */
const NOBODY = /\b(?:ECONNREFUSED|ENOENT|ENOTFOUND|EHOSTUNREACH|ETIMEDOUT)\b/;

/** What to say of codes that come without a reason, which is when no proxy answered. */
const UNANSWERED: Readonly<Record<string, (endpoint: string, message: string) => string>> = {
  UNAVAILABLE: (endpoint, message) => {
    const why = lastError(message);
    const start = NOBODY.test(why)
      ? ' Is it running there? `kms-reencrypt-proxy serve` starts one.'
      : '';
    return `Could not connect to the proxy at "${endpoint}": ${why}.${start}`;
  },
  DEADLINE_EXCEEDED: (endpoint) => `Read timeout on the proxy at "${endpoint}"`,
};

/** A refusal under the name that AWS's own protocol has for it, with the facts that the proxy adds. */
export function refusalFailure(refused: RefusedError, endpoint: string): CliFailure {
  const { reason, kmsError, code } = refused.facts;
  const unanswered = UNANSWERED[code];
  if (reason === '' && unanswered)
    return otherFailure(unanswered(endpoint, refused.message), refused);
  if (reason === '') {
    return otherFailure(`${code} from "${endpoint}": ${lastError(refused.message)}`, refused);
  }
  const known = Object.hasOwn(REASONS, reason)
    ? REASONS[reason as keyof typeof REASONS]
    : undefined;
  return new CliFailure(EXIT_CODE.service, refused.message, {
    code: kmsError || known?.kmsError || code,
    calling: {},
    facts: refusalFacts(refused),
    cause: refused,
  });
}

function refusalFacts({ facts }: RefusedError): FailureFacts {
  const { reason, layer, side, rule, kmsRequestId, decisionId, fields, retryAfterMs } = facts;
  const told: Readonly<Record<string, string>> = {
    Reason: reason,
    RefusedBy: layer,
    Side: side,
    Rule: rule,
    RetryAfter: retryAfterMs === undefined ? '' : `${retryAfterMs} ms`,
    KmsRequestId: kmsRequestId,
    DecisionId: decisionId,
  };
  const present = Object.entries(told).filter(([, value]) => value !== '');
  const wrong = fields.map(({ field, description }) => `${optionOf(field)}: ${description}`);
  return { ...Object.fromEntries(present), ...(wrong.length > 0 && { Fields: wrong }) };
}

/** `source_key_id` → `--source-key-id`, which is what the caller can change. */
function optionOf(field: string): string {
  return /^[a-z_]+$/.test(field) ? `--${field.replaceAll('_', '-')}` : field;
}
