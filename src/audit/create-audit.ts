import { type Audit, assemble } from './assemble.ts';
import type { AuditOptions } from './options.ts';
import { supervise } from './supervise.ts';

export type { Audit, AuditStatus } from './assemble.ts';
export type { AuditOptions } from './options.ts';

/**
 * Opens the log with a thread of its own, makes it whole where a crash cut it short, and resolves
 * once it takes entries. Rejects with a sentence where the log cannot be trusted or written.
 */
export function createAudit(options: AuditOptions): Promise<Audit> {
  return assemble(options, {
    connect: supervise,
    monotonic: () => performance.now(),
    soon: setImmediate,
    every(ms, work) {
      const timer = setInterval(work, ms).unref();
      return () => clearInterval(timer);
    },
  });
}
