import type { Buffer } from 'node:buffer';
import { Worker } from 'node:worker_threads';
import type { Limits } from '../generation.ts';
import type { ShadowAnswer, ShadowOrder } from './messages.ts';

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

/** A thread that is started with the first candidate, and anew with the last where it ends. */
export function startShadowThread({ limits, onAnswers, onEnd }: ShadowThreadOptions): ShadowThread {
  let archive: Buffer | undefined;
  let worker: Worker | undefined;
  let closed = false;

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
      closed = true;
      await worker?.terminate();
    },
  };

  function start(): Worker {
    const file = import.meta.url.endsWith('.ts') ? './thread.ts' : './shadow-thread.js';
    const started = new Worker(new URL(file, import.meta.url), { name: 'shadow' });
    started.on('message', onAnswers);
    // Without a listener an error would end the process. `exit` follows it, and is dealt with.
    started.on('error', () => {});
    started.once('exit', ended);
    started.unref();
    return started;
  }

  function ended() {
    worker = undefined;
    onEnd();
    setTimeout(restart, RESTART_MS).unref();
  }

  function restart() {
    if (closed || !archive || worker) return;
    worker = start();
    worker.postMessage({ type: 'bundle', archive, limits } satisfies ShadowOrder);
  }
}
