import type { Side } from './call.ts';

/** The layer that refused, as shown to the caller. */
type Layer = 'caller' | 'policy' | 'KMS' | 'proxy';

interface ReasonFacts {
  readonly grpc: GrpcCode;
  readonly layer: Layer;
  /** What the caller reads if nothing more exact may be said. */
  readonly sentence: string;
  /** The name of the same refusal in AWS's own protocol. */
  readonly kmsError: string;
}

type GrpcCode =
  | 'INVALID_ARGUMENT'
  | 'UNAUTHENTICATED'
  | 'PERMISSION_DENIED'
  | 'NOT_FOUND'
  | 'FAILED_PRECONDITION'
  | 'RESOURCE_EXHAUSTED'
  | 'UNAVAILABLE'
  | 'DEADLINE_EXCEEDED'
  | 'CANCELLED'
  | 'INTERNAL';

const fact = (grpc: GrpcCode, layer: Layer, kmsError: string, sentence: string): ReasonFacts => ({
  grpc,
  layer,
  sentence,
  kmsError,
});

// biome-ignore format: a table reads best with a reason a line.
/** The closed list: ErrorInfo reason = metric label = audit field. */
export const REASONS = {
  INVALID_REQUEST: fact('INVALID_ARGUMENT', 'caller', 'ValidationException', 'The request is not valid.'),
  SOURCE_KEY_REQUIRED: fact('INVALID_ARGUMENT', 'policy', 'ValidationException', 'The policy requires source_key_id for this call.'),
  UNAUTHENTICATED: fact('UNAUTHENTICATED', 'proxy', 'UnrecognizedClientException', 'The caller could not be authenticated.'),
  TOKEN_KEYS_UNAVAILABLE: fact('UNAVAILABLE', 'proxy', 'KMSInternalException', 'No bearer token can be verified now: the issuer’s keys cannot be had.'),
  POLICY_DENIED: fact('PERMISSION_DENIED', 'policy', 'AccessDeniedException', 'The policy denies this call.'),
  POLICY_UNDEFINED: fact('PERMISSION_DENIED', 'policy', 'AccessDeniedException', 'The policy gave no decision, which denies.'),
  POLICY_INVALID: fact('PERMISSION_DENIED', 'policy', 'AccessDeniedException', 'The policy gave a malformed decision, which denies.'),
  POLICY_TIMEOUT: fact('PERMISSION_DENIED', 'policy', 'AccessDeniedException', 'The policy took too long, which denies.'),
  POLICY_FAILED: fact('PERMISSION_DENIED', 'policy', 'AccessDeniedException', 'The policy failed, which denies.'),
  POLICY_NOT_LOADED: fact('UNAVAILABLE', 'proxy', 'KMSInternalException', 'No policy is loaded.'),
  POLICY_STALE: fact('UNAVAILABLE', 'proxy', 'KMSInternalException', 'The policy is older than it may be.'),
  KEY_FACTS_UNAVAILABLE: fact('UNAVAILABLE', 'proxy', 'KMSInternalException', 'Facts about a key could not be obtained.'),
  AUDIT_UNAVAILABLE: fact('UNAVAILABLE', 'proxy', 'KMSInternalException', 'The audit log cannot record the call.'),
  PROXY_CREDENTIALS: fact('UNAVAILABLE', 'proxy', 'KMSInternalException', 'The proxy has no valid AWS credentials.'),
  KMS_ACCESS_DENIED: fact('PERMISSION_DENIED', 'KMS', 'AccessDeniedException', 'KMS denies the proxy access to a key.'),
  KMS_KEY_NOT_FOUND: fact('NOT_FOUND', 'KMS', 'NotFoundException', 'KMS does not know a key of this call.'),
  KMS_KEY_DISABLED: fact('FAILED_PRECONDITION', 'KMS', 'DisabledException', 'A key of this call is disabled.'),
  KMS_KEY_INVALID_STATE: fact('FAILED_PRECONDITION', 'KMS', 'KMSInvalidStateException', 'The state of a key does not permit this call.'),
  KMS_KEY_USAGE: fact('FAILED_PRECONDITION', 'KMS', 'InvalidKeyUsageException', 'A key of this call is not for encryption, or not with this algorithm.'),
  CONFIRM_MISMATCH: fact('FAILED_PRECONDITION', 'proxy', 'KMSInternalException', 'What KMS reports is not what was judged; its result is withheld.'),
  KMS_INVALID_CIPHERTEXT: fact('INVALID_ARGUMENT', 'KMS', 'InvalidCiphertextException', 'KMS cannot decrypt this ciphertext with this key and encryption context.'),
  KMS_INCORRECT_KEY: fact('INVALID_ARGUMENT', 'KMS', 'IncorrectKeyException', 'The ciphertext was not made under the source key.'),
  KMS_INVALID_GRANT_TOKEN: fact('INVALID_ARGUMENT', 'KMS', 'InvalidGrantTokenException', 'KMS refuses a grant token.'),
  KMS_VALIDATION: fact('INVALID_ARGUMENT', 'KMS', 'ValidationException', 'KMS finds the request not valid.'),
  KMS_THROTTLED: fact('RESOURCE_EXHAUSTED', 'KMS', 'ThrottlingException', 'KMS throttles requests.'),
  LIMITED: fact('RESOURCE_EXHAUSTED', 'proxy', 'ThrottlingException', 'The proxy limits requests.'),
  KMS_UNAVAILABLE: fact('UNAVAILABLE', 'KMS', 'KMSInternalException', 'KMS cannot serve the call now.'),
  KMS_UNREACHABLE: fact('UNAVAILABLE', 'proxy', 'KMSInternalException', 'KMS cannot be reached.'),
  DRAINING: fact('UNAVAILABLE', 'proxy', 'KMSInternalException', 'The proxy is shutting down.'),
  DEADLINE_EXCEEDED: fact('DEADLINE_EXCEEDED', 'proxy', 'DependencyTimeoutException', 'The deadline passed before the call was done.'),
  CANCELLED: fact('CANCELLED', 'caller', 'DependencyTimeoutException', 'The caller cancelled the call.'),
  INTERNAL: fact('INTERNAL', 'proxy', 'KMSInternalException', 'The proxy failed; its log has the cause under this decision id.'),
} as const satisfies Record<string, ReasonFacts>;

export type Reason = keyof typeof REASONS;

/** The reason's own sentence with the side in it. */
export function sentenceFor(reason: Reason, side: Side | ''): string {
  const { sentence } = REASONS[reason];
  if (side === '') return sentence;
  return sentence.replace(/\b([Aa]) key( of this call)?\b/, (_, article: string) =>
    article === 'A' ? `The ${side} key` : `the ${side} key`,
  );
}

/** One wrong field of a request: its name on the wire, and what is right. */
export interface FieldViolation {
  readonly field: string;
  readonly description: string;
}

interface RefusalDetails {
  /** More exact than the reason's own sentence; must hold nothing that the caller may not read. */
  readonly sentence?: string;
  readonly side?: Side | '';
  readonly rule?: string;
  readonly fields?: readonly FieldViolation[];
  /** KMS's own error name, if KMS refused. */
  readonly kmsError?: string;
  readonly kmsRequestId?: string;
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/** The only error that leaves the pipeline: a reason from the closed list, and what callers may read. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly reason: Reason;
  readonly side: Side | '';
  readonly rule: string;
  readonly fields: readonly FieldViolation[];
  readonly kmsError: string;
  readonly kmsRequestId: string;
  readonly retryAfterMs: number | undefined;

  constructor(reason: Reason, details: RefusalDetails = {}) {
    // A refusal is an answer, not an accident, and its reason shows where it was made. A stack would
    // cost 20 µs for each of a peer's thousands. The cause keeps its own.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(details.sentence ?? REASONS[reason].sentence, { cause: details.cause });
    Error.stackTraceLimit = stackTraceLimit;
    this.reason = reason;
    this.side = details.side ?? '';
    this.rule = details.rule ?? '';
    this.fields = details.fields ?? [];
    this.kmsError = details.kmsError ?? '';
    this.kmsRequestId = details.kmsRequestId ?? '';
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** Anything thrown → a Refusal; an unforeseen error becomes INTERNAL, with the cause kept for the log. */
export function toRefusal(thrown: unknown): Refusal {
  return thrown instanceof Refusal ? thrown : new Refusal('INTERNAL', { cause: thrown });
}

/** A refusal by a limit that is reached; there are too many `what`. */
export function limited(what: string, waitMs: number): Refusal {
  return new Refusal('LIMITED', {
    sentence: `The proxy limits requests: too many ${what}.`,
    retryAfterMs: Math.max(1, waitMs),
  });
}

/** Errors travel in a trailer: one that is too large ends the connection with every call on it. */
const MOST_VIOLATIONS = 16;

/** The refusal of a request with wrong fields; its sentence names the first and counts the rest. */
export function invalid(fields: readonly FieldViolation[]): Refusal {
  const [first] = fields;
  const more = fields.length > 1 ? ` (and ${fields.length - 1} more)` : '';
  return new Refusal('INVALID_REQUEST', {
    ...(first && { sentence: `${first.field} ${first.description}${more}` }),
    fields: fields.slice(0, MOST_VIOLATIONS),
  });
}
