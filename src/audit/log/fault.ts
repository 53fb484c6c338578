import type { AuditCause, SystemCode } from '../../audit-causes.ts';
import { codeOf, messageOf } from '../../thrown.ts';

/** Why the log cannot take entries now. */
export class LogFault extends Error {
  override readonly name = 'LogFault';
  readonly code: AuditCause;

  constructor(code: AuditCause, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

export function toLogFault(thrown: unknown): LogFault {
  if (thrown instanceof LogFault) return thrown;
  const code = codeOf(thrown) ?? '';
  return new LogFault(isSystemCode(code) ? code : 'UNKNOWN', messageOf(thrown), thrown);
}

const isSystemCode = (code: string): code is SystemCode => code.startsWith('E');

/** The disk, or the quota. */
export function isFull(code: AuditCause): boolean {
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
