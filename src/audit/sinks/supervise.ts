import { startThread, type Thread } from '../../life/start-thread.ts';
import { SINK_NAMES, type SinkName } from '../../sink-names.ts';
import type { SinkOrder, SinkReport, SinkSource, SinkStart } from './messages.ts';

interface SuperviseSinksOptions extends SinkSource {
  readonly onReport: (report: SinkReport) => void;
  readonly onError: (message: string) => void;
}

/** Entries, by sink; those that are off are left out. */
export type SinkCounts = Readonly<Partial<Record<SinkName, number>>>;

interface SupervisedSinks {
  /** Entries before `seq` are in the file. */
  durable(seq: number): void;
  /** How many entries in the file each sink has not taken yet, as far as this start knows. */
  undelivered(): SinkCounts;
  close(): Promise<void>;
}

const CLOSE_MS = 5_000;
const RESPAWN_MS = 2_000;

/**
 * Runs a thread for the sinks, and starts another if it dies. Unlike between the log's threads,
 * nothing is handed over: each sink continues at its cursor, and nobody waits for the new thread.
 */
export function superviseSinks(options: SuperviseSinksOptions): SupervisedSinks {
  const { file, settings, from, onReport, onError } = options;
  const delivered = new Map<SinkName, number>();
  for (const name of SINK_NAMES) if (settings[name]) delivered.set(name, from);
  let durable = from;
  let closing = false;
  let thread = start();
  return {
    durable(seq) {
      durable = seq;
      thread.post({ type: 'durable', seq });
    },
    undelivered: () =>
      Object.fromEntries([...delivered].map(([name, seq]) => [name, Math.max(0, durable - seq)])),
    async close() {
      closing = true;
      await thread.end({ type: 'close' }, CLOSE_MS);
    },
  };

  function start(): Thread<SinkOrder> {
    const data: SinkStart = { file, settings, from, written: durable };
    return startThread({ name: 'audit sinks', data, onReport: take, onEnd });
  }

  function take(report: SinkReport): void {
    if (report.type === 'delivered') delivered.set(report.sink, report.seq);
    onReport(report);
  }

  function onEnd(cause: unknown): void {
    if (closing && !(cause instanceof Error)) return;
    onError(`the sinks' thread died: ${String(cause)}`);
    setTimeout(startAgain, RESPAWN_MS).unref();
  }

  function startAgain(): void {
    if (closing) return;
    thread = start();
    thread.post({ type: 'durable', seq: durable });
  }
}
