import { codeOf, messageOf } from '../../thrown.ts';

/** Why the log cannot take entries now. `code` is the system's (`ENOSPC`) or ours (`REMOVED`, `TRUNCATED`…). */
export class LogFault extends Error {
  override readonly name = 'LogFault';
  readonly code: string;

  constructor(code: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

export function toLogFault(thrown: unknown): LogFault {
  if (thrown instanceof LogFault) return thrown;
  return new LogFault(codeOf(thrown) ?? 'UNKNOWN', messageOf(thrown), thrown);
}

/** The disk, or the quota. */
export function isFull(code: string): boolean {
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** No checkpoint was made, a segment not closed, an old one not deleted. */
export type PutOffCode = 'UNSIGNED' | 'UNROTATED' | 'UNDELETED';

/**
 * Something beside the entries could not be done: a checkpoint made, a segment closed, an old one deleted. The
 * log itself is well, goes on without, and tries again.
 */
export class PutOff extends LogFault {
  declare readonly code: PutOffCode;

  constructor(code: PutOffCode, cause: unknown) {
    super(code, toLogFault(cause).message, cause);
  }
}
