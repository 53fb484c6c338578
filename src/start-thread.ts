import { Worker } from 'node:worker_threads';

export interface Thread<Order> {
  post(order: Order): void;
  /** Cuts it off. */
  stop(): void;
  /**
   * Posts the order that tells it to end, and cuts it off where it has not within so many milliseconds: to
   * cut one off while it loads can crash the process (nodejs/node#56312).
   */
  end(last: Order, withinMs: number): Promise<void>;
  /** Resolves when the thread has ended, which may be before it was asked to. */
  ended(): Promise<void>;
}

export interface ThreadOptions<Report> {
  readonly name: keyof typeof THREADS;
  /** What the thread is started with; it gets a clone. */
  readonly data: object;
  readonly onReport: (report: Report) => void;
  /** It has ended, whether it was asked to or not. `cause` is what it threw, or a sentence. */
  readonly onEnd: (cause: unknown) => void;
}

/** A working set of a few buffers; a small heap keeps a leak from becoming the host's. */
const SMALL = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4 };

/** The file that each thread begins with: among the sources, and in the built package, which is flat. */
const THREADS = {
  audit: { source: './audit/thread.ts', built: './audit-thread.js', limits: SMALL },
  'audit sinks': { source: './audit/sinks/thread.ts', built: './sinks-thread.js', limits: SMALL },
  // These two as large as a policy's data may be.
  proof: { source: './policy/prove/thread.ts', built: './proof-thread.js', limits: {} },
  shadow: { source: './policy/shadow/thread.ts', built: './shadow-thread.js', limits: {} },
} as const;

/** Starts a thread from the sources or from the built package, whichever this file is of. */
export function startThread<Order, Report>(options: ThreadOptions<Report>): Thread<Order> {
  const { name, data, onReport, onEnd } = options;
  const { source, built, limits } = THREADS[name];
  const entry = new URL(import.meta.url.endsWith('.ts') ? source : built, import.meta.url);
  const worker = new Worker(entry, { workerData: data, resourceLimits: limits, name });
  let cause: unknown;
  const exit = new Promise<void>((resolve) => {
    worker.once('exit', (code) => {
      onEnd(cause ?? `the ${name} thread ended with ${code}`);
      resolve();
    });
  });
  worker.on('message', onReport);
  // Without a listener it would end the process; `exit` follows.
  worker.on('error', (thrown) => {
    cause = thrown;
  });
  const stop = () => void worker.terminate();
  return {
    post: (order) => worker.postMessage(order),
    ended: () => exit,
    stop,
    async end(last, withinMs) {
      worker.postMessage(last);
      const stuck = setTimeout(stop, withinMs);
      await exit;
      clearTimeout(stuck);
    },
  };
}
