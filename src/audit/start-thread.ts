import { Worker } from 'node:worker_threads';

export interface Thread<Order> {
  post(order: Order): void;
  stop(): void;
  /** Resolves when the thread has ended, which may be before it was asked to. */
  ended(): Promise<void>;
}

export interface ThreadOptions<Report> {
  readonly name: keyof typeof ENTRIES;
  /** What the thread is started with; it gets a clone. */
  readonly data: object;
  readonly onReport: (report: Report) => void;
  /** It has ended, whether it was asked to or not. `cause` is what it threw, or a sentence. */
  readonly onEnd: (cause: unknown) => void;
}

/** The file that each thread begins with: among the sources, and in the built package, which is flat. */
const ENTRIES = {
  audit: { source: './thread.ts', built: './audit-thread.js' },
  'audit sinks': { source: './sinks/thread.ts', built: './sinks-thread.js' },
} as const;

/** Their working sets are a few buffers; a small heap keeps a leak from becoming the host's. */
const LIMITS = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4 };

/** Starts a thread from the sources or from the built package, whichever this file is of. */
export function startThread<Order, Report>(options: ThreadOptions<Report>): Thread<Order> {
  const { name, data, onReport, onEnd } = options;
  const { source, built } = ENTRIES[name];
  const entry = new URL(import.meta.url.endsWith('.ts') ? source : built, import.meta.url);
  const worker = new Worker(entry, { workerData: data, resourceLimits: LIMITS, name });
  let cause: unknown;
  const exit = new Promise<void>((resolve) => {
    worker.once('exit', (code) => {
      onEnd(cause ?? `the ${name} thread ended with ${code}`);
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
