import type { Buffer } from 'node:buffer';
import { Worker } from 'node:worker_threads';
import type { Limits } from '../generation.ts';
import type { Ending, ShadowAnswer, ShadowOrder } from './messages.ts';

export interface ShadowThread {
  /** Judges by this candidate from now on; before the first, nothing is judged. */
  use(archive: Buffer): void;
  /** False while there is no thread to judge. */
  readonly ready: boolean;
  post(order: ShadowOrder): void;
  close(): Promise<void>;
}

export interface ShadowThreadOptions {
  readonly limits: Limits;
  readonly onAnswers: (answers: readonly ShadowAnswer[]) => void;
  /** The thread has ended, and what it was asked is lost. */
  readonly onEnd: () => void;
}

const RESTART_MS = 1_000;
/** A question ends long before, by its fuel. */
const END_MS = 2_000;

/** A thread that is started with the first candidate, and anew with the last where it ends. */
export function startShadowThread({ limits, onAnswers, onEnd }: ShadowThreadOptions): ShadowThread {
  let archive: Buffer | undefined;
  let worker: Worker | undefined;
  const ending: Ending = new Int32Array(new SharedArrayBuffer(4));

  return {
    get ready() {
      return worker !== undefined;
    },
    use(candidate) {
      archive = candidate;
      worker ??= start();
      worker.postMessage({ type: 'bundle', archive, limits } satisfies ShadowOrder);
    },
    post: (order) => worker?.postMessage(order),
    async close() {
      Atomics.store(ending, 0, 1);
      if (worker) await end(worker);
    },
  };

  function start(): Worker {
    const file = import.meta.url.endsWith('.ts') ? './thread.ts' : './shadow-thread.js';
    const started = new Worker(new URL(file, import.meta.url), {
      name: 'shadow',
      workerData: ending,
    });
    started.on('message', onAnswers);
    // Without a listener an error would end the process. `exit` follows it, and is dealt with.
    started.on('error', () => {});
    started.once('exit', ended);
    started.unref();
    return started;
  }

  // To cut a thread off while it loads can crash the process (nodejs/node#56312): it is asked to end.
  async function end(running: Worker): Promise<void> {
    running.ref();
    const late = setTimeout(() => void running.terminate(), END_MS);
    running.postMessage({ type: 'end' } satisfies ShadowOrder);
    await new Promise((resolve) => running.once('exit', resolve));
    clearTimeout(late);
  }

  function ended() {
    worker = undefined;
    onEnd();
    setTimeout(restart, RESTART_MS).unref();
  }

  function restart() {
    if (ending[0] || !archive || worker) return;
    worker = start();
    worker.postMessage({ type: 'bundle', archive, limits } satisfies ShadowOrder);
  }
}
