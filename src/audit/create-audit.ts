import { type Audit, assemble } from './assemble.ts';
import { lockLog } from './lock.ts';
import type { AuditOptions } from './options.ts';
import { supervise } from './supervise.ts';

export type { Audit, AuditStatus } from './assemble.ts';
export type { AuditOptions } from './options.ts';

/**
 * Opens the log with a thread of its own, makes it whole where a crash cut it short, and resolves
 * once it takes entries. Rejects with a sentence where the log cannot be trusted or written, or
 * another process writes it.
 */
export async function createAudit(options: AuditOptions): Promise<Audit> {
  // Here and not in the thread, so that a thread that is started anew finds it held.
  const lock = await lockLog(options.file);
  try {
    const audit = await open(options);
    return {
      ...audit,
      async close() {
        await audit.close();
        lock.release();
      },
    };
  } catch (thrown) {
    lock.release();
    throw thrown;
  }
}

function open(options: AuditOptions): Promise<Audit> {
  return assemble(options, {
    connect: supervise,
    monotonic: () => performance.now(),
    // Behind all that a cohort of calls does at once, and before anything new is read.
    soon: (work) => process.nextTick(work),
    every(ms, work) {
      const timer = setInterval(work, ms).unref();
      return () => clearInterval(timer);
    },
  });
}
