import { startThread, type Thread } from '../life/start-thread.ts';
import type { Order, Report, ThreadData } from './messages.ts';

export interface SuperviseOptions {
  readonly data: ThreadData;
  readonly onReport: (report: Report) => void;
  /** The thread ended unasked; another is being started. */
  readonly onDeath: (cause: string) => void;
}

export interface Supervised {
  post(order: Order): void;
  /** Sends the last order; resolves when the thread has ended. */
  close(last: Order): Promise<void>;
}

type LogThread = Thread<Order>;

const RESPAWN_MS = 250;

/** Keeps a log's thread running. Resolves once the first one takes entries; rejects if it cannot. */
export async function supervise(options: SuperviseOptions): Promise<Supervised> {
  let closing = false;
  let thread: LogThread;
  let starting: Promise<void> | undefined;
  const watch: Watch = {
    became(started) {
      thread = started;
    },
    died,
  };
  await start(options, false, watch);

  return {
    post: (order) => thread.post(order),
    async close(last) {
      closing = true;
      // A thread that died cannot take `last`, and its successor would run on without it.
      await starting;
      thread.post(last);
      await thread.ended();
    },
  };

  function died(cause: string): void {
    if (closing) return;
    options.onDeath(cause);
    setTimeout(respawn, RESPAWN_MS).unref();
  }

  function respawn(): void {
    if (closing) return;
    starting = start(options, true, watch).catch((thrown) => died(String(thrown)));
  }
}

interface Watch {
  /** The thread takes orders. Called before its first report, which may already lead to some. */
  readonly became: (thread: LogThread) => void;
  readonly died: (cause: string) => void;
}

function start(
  { data, onReport }: SuperviseOptions,
  resuming: boolean,
  { became, died }: Watch,
): Promise<void> {
  const settings = { ...data.settings, resuming };
  return new Promise((resolve, reject) => {
    let started = false;
    const thread: LogThread = startThread({
      name: 'audit',
      data: { ...data, settings } satisfies ThreadData,
      onReport(report: Report) {
        if (report.type === 'ready') {
          started = true;
          became(thread);
          resolve();
        } else if (report.type === 'refused') {
          reject(new Error(`audit.file: ${report.message}`));
          thread.stop();
          return;
        }
        onReport(report);
      },
      onEnd(cause) {
        if (started) died(String(cause));
        else reject(cause);
      },
    });
  });
}
