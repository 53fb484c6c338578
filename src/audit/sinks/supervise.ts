import { startThread, type Thread } from '../../life/start-thread.ts';
import type { SinkOrder, SinkReport, SinkSource, SinkStart } from './messages.ts';

interface SuperviseSinksOptions extends SinkSource {
  readonly onReport: (report: SinkReport) => void;
  readonly onError: (message: string) => void;
}

interface SupervisedSinks {
  /** Entries before `seq` are in the file. */
  durable(seq: number): void;
  /** Seq after the last entry that is known to be in the file. */
  written(): number;
  close(): Promise<void>;
}

const CLOSE_MS = 5_000;
/** Before the next thread: at first this, then twice as long each time, up to the other. */
const RESPAWN_MS = 2_000;
const MOST_RESPAWN_MS = 30_000;
/** A thread that ran for so long did not die of what the one before did. */
const RAN_MS = 60_000;

/**
 * Runs a thread for the sinks, and starts another if it dies. Unlike between the log's threads,
 * nothing is handed over: each sink continues at its cursor, and nobody waits for the new thread.
 */
export function superviseSinks(options: SuperviseSinksOptions): SupervisedSinks {
  const { file, settings, from, onReport, onError } = options;
  let durable = from;
  let closing = false;
  let startedAt = 0;
  let restMs = RESPAWN_MS;
  let thread = start();
  return {
    durable(seq) {
      durable = seq;
      thread.post({ type: 'durable', seq });
    },
    written: () => durable,
    async close() {
      closing = true;
      await thread.end({ type: 'close' }, CLOSE_MS);
    },
  };

  function start(): Thread<SinkOrder> {
    startedAt = performance.now();
    const data: SinkStart = { file, settings, from, written: durable };
    return startThread({ name: 'audit sinks', data, onReport, onEnd });
  }

  function onEnd(cause: unknown): void {
    if (closing && !(cause instanceof Error)) return;
    onError(`the sinks' thread died: ${String(cause)}`);
    if (performance.now() - startedAt > RAN_MS) restMs = RESPAWN_MS;
    setTimeout(startAgain, restMs).unref();
    restMs = Math.min(MOST_RESPAWN_MS, 2 * restMs);
  }

  function startAgain(): void {
    if (closing) return;
    thread = start();
    thread.post({ type: 'durable', seq: durable });
  }
}
