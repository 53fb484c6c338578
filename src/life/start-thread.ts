import { Worker } from 'node:worker_threads';
import { messageOf } from '../thrown.ts';

export interface Thread<Order> {
  post(order: Order): void;
  /** Terminates it at once. */
  stop(): void;
  /**
   * Posts the order to end, and terminates the thread if it has not ended within this many milliseconds:
   * terminating one while it loads can crash the process (nodejs/node#56312).
   */
  end(last: Order, withinMs: number): Promise<void>;
  /** Resolves when the thread has ended, which may be before it was asked to. */
  ended(): Promise<void>;
}

interface ThreadOptions<Report> {
  readonly name: keyof typeof THREADS;
  /** What the thread is started with; it gets a clone. */
  readonly data: object;
  readonly onReport: (report: Report) => void;
  /** Called when it has ended, asked or not. `cause` is what it threw, or a sentence. */
  readonly onEnd: (cause: unknown) => void;
}

/** Enough for a few buffers; a small heap keeps a leak from becoming the host's problem. */
const SMALL = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4 };

/** The entry file of each thread: among the sources, and in the built package, which is flat. */
const THREADS = {
  audit: { source: '../audit/thread.ts', built: './audit-thread.js', limits: SMALL },
  'audit sinks': { source: '../audit/sinks/thread.ts', built: './sinks-thread.js', limits: SMALL },
  // These two need as much as a policy's data.
  proof: { source: '../policy/prove/thread.ts', built: './proof-thread.js', limits: {} },
  shadow: { source: '../policy/shadow/thread.ts', built: './shadow-thread.js', limits: {} },
} as const;

/**
 * Starts a thread from the sources or the built package, whichever this file belongs to. If the system gives
 * none (EAGAIN), it ends at once, as any other may: then whoever keeps one running tries again.
 */
export function startThread<Order, Report>(options: ThreadOptions<Report>): Thread<Order> {
  const { name, data } = options;
  const { source, built, limits } = THREADS[name];
  const entry = new URL(import.meta.url.endsWith('.ts') ? source : built, import.meta.url);
  try {
    return handle(new Worker(entry, { workerData: data, resourceLimits: limits, name }), options);
  } catch (thrown) {
    return ended(options, thrown);
  }
}

function ended<Report>({ name, onEnd }: ThreadOptions<Report>, cause: unknown): Thread<unknown> {
  const sentence = `the ${name} thread cannot be started: ${messageOf(cause)}`;
  const told = Promise.resolve().then(() => onEnd(new Error(sentence, { cause })));
  return { post() {}, stop() {}, end: () => told, ended: () => told };
}

function handle<Order, Report>(
  worker: Worker,
  { name, onReport, onEnd }: ThreadOptions<Report>,
): Thread<Order> {
  let cause: unknown;
  const exit = new Promise<void>((resolve) => {
    worker.once('exit', (code) => {
      onEnd(cause ?? `the ${name} thread ended with ${code}`);
      resolve();
    });
  });
  worker.on('message', onReport);
  // An error without a listener would end the process; `exit` follows.
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
