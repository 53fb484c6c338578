import { Worker } from 'node:worker_threads';
import type { SinkOrder, SinkReport, SinkSettings } from './messages.ts';

export interface SuperviseOptions {
  readonly settings: SinkSettings;
  /** Seq of the first entry of this start. */
  readonly from: number;
  readonly onReport: (report: SinkReport) => void;
  readonly onError: (message: string) => void;
}

export interface SupervisedSinks {
  /** Entries before `seq` are in the file. */
  durable(seq: number): void;
  close(): Promise<void>;
}

interface Thread {
  readonly worker: Worker;
  /** Heard of from the start, for it may have ended before it is told to. */
  readonly ended: Promise<void>;
}

const CLOSE_MS = 5_000;
const RESPAWN_MS = 2_000;

/** A thread for the sinks, and another where it dies: it goes on where the sinks' cursors are. */
export function superviseSinks(options: SuperviseOptions): SupervisedSinks {
  let durable = options.from;
  let closing = false;
  let thread = start();
  const post = (order: SinkOrder) => thread.worker.postMessage(order);
  return {
    durable(seq) {
      durable = seq;
      post({ type: 'durable', seq });
    },
    async close() {
      closing = true;
      post({ type: 'close' });
      const stuck = setTimeout(() => void thread.worker.terminate(), CLOSE_MS);
      await thread.ended;
      clearTimeout(stuck);
    },
  };

  function start(): Thread {
    const started = startThread(options);
    void started.ended.then(() => setTimeout(startAgain, RESPAWN_MS).unref());
    return started;
  }

  function startAgain(): void {
    if (closing) return;
    thread = start();
    post({ type: 'durable', seq: durable });
  }
}

function startThread({ settings, from, onReport, onError }: SuperviseOptions): Thread {
  const entry = import.meta.url.endsWith('.ts') ? './thread.ts' : './sinks-thread.js';
  const worker = new Worker(new URL(entry, import.meta.url), {
    workerData: { settings, from },
    name: 'audit sinks',
    resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4 },
  });
  worker.on('message', onReport);
  worker.on('error', (thrown) => onError(`the sinks' thread died: ${String(thrown)}`));
  return { worker, ended: new Promise((resolve) => worker.once('exit', () => resolve())) };
}
