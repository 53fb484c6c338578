import type { FieldViolation } from '../errors.ts';

/** What is known of a refusal. */
export interface RefusedFacts {
  /** Name of the gRPC status code, such as `PERMISSION_DENIED`. */
  readonly code: string;
  /** A reason of the proxy's closed list, or '' if the refusal is not the proxy's own. */
  readonly reason: string;
  /** Who refused: `caller`, `policy`, `KMS` or `proxy`; '' if not reported. */
  readonly layer: string;
  /** `source`, `destination` or ''. */
  readonly side: string;
  /** Name of the policy's rule, or ''. */
  readonly rule: string;
  /** Names the audit entries of the call, or ''. */
  readonly decisionId: string;
  /** KMS's own error name if KMS refused, otherwise ''. */
  readonly kmsError: string;
  /** KMS's id of the request, for AWS Support, or ''. */
  readonly kmsRequestId: string;
  /** What is wrong in the request, field by field; empty if it was refused for something else. */
  readonly fields: readonly FieldViolation[];
  /** Milliseconds after which another try may help, if the proxy says so. */
  readonly retryAfterMs: number | undefined;
}

/** A call that was refused or never answered; `message` is one sentence for people. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly facts: RefusedFacts;

  constructor(sentence: string, facts: RefusedFacts, cause?: unknown) {
    super(sentence, { cause });
    this.facts = facts;
  }
}
