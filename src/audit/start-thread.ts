import { Worker } from 'node:worker_threads';
import type { Order, Report, ThreadData } from './messages.ts';

export interface Thread {
  post(order: Order): void;
  stop(): void;
  /** Resolves when the thread has ended. */
  ended(): Promise<void>;
}

export interface ThreadOptions {
  readonly data: ThreadData;
  readonly onReport: (report: Report) => void;
  /** It ended without being asked to, or threw. */
  readonly onDeath: (cause: unknown) => void;
}

/** The log's working set is a few buffers; a small heap keeps a leak from becoming the host's. */
const LIMITS = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4 };

/** Starts the log's thread from the sources or from the compiled package, whichever this file is of. */
export function startThread({ data, onReport, onDeath }: ThreadOptions): Thread {
  const entry = new URL(
    import.meta.url.endsWith('.ts') ? './thread.ts' : './audit-thread.js',
    import.meta.url,
  );
  const worker = new Worker(entry, { workerData: data, resourceLimits: LIMITS, name: 'audit' });
  let cause: unknown;
  const exit = new Promise<void>((resolve) => {
    worker.once('exit', (code) => {
      onDeath(cause ?? `the audit thread ended with ${code}`);
      resolve();
    });
  });
  worker.on('message', onReport);
  worker.on('error', (thrown) => {
    cause = thrown;
  });
  return {
    post: (order) => worker.postMessage(order),
    ended: () => exit,
    stop: () => void worker.terminate(),
  };
}
