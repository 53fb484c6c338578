import { type Audit, assemble } from './assemble.ts';
import { lockLog } from './lock.ts';
import type { AuditOptions } from './options.ts';
import { supervise } from './supervise.ts';

/**
 * Opens the log in its own thread, repairs it if a crash cut it short, and resolves once it takes
 * entries. Rejects with a sentence if the log cannot be trusted or written, or if another process
 * writes it.
 */
export async function createAudit(options: AuditOptions): Promise<Audit> {
  // Locked here and not in the thread, so that the lock outlives a thread that dies.
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
    soon: (work) => process.nextTick(work),
    turn: (work) => setImmediate(work),
    every(ms, work) {
      const timer = setInterval(work, ms).unref();
      return () => clearInterval(timer);
    },
  });
}
