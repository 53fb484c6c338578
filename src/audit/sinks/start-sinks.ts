import { Refusal } from '../../errors.ts';
import type { SinkName, SinkReport, SinkSettings } from './messages.ts';
import { superviseSinks } from './supervise.ts';

interface SinksOptions {
  readonly settings: SinkSettings;
  /** Seq of the first entry of this start. */
  readonly from: number;
  /** Sinks that must have an entry before it counts. */
  readonly required: readonly SinkName[];
  readonly timeoutMs: number;
  readonly onDropped: (sink: SinkName, count: number) => void;
  readonly onError: (message: string) => void;
}

export interface Sinks {
  /** Entries before `seq` are in the file. */
  durable(seq: number): void;
  /** Resolves when every required sink has the entries before `seq`. @throws Refusal AUDIT_UNAVAILABLE */
  reached(seq: number): Promise<void>;
  close(): Promise<void>;
}

interface Waiter {
  readonly seq: number;
  readonly until: number;
  resolve(): void;
  reject(refusal: Refusal): void;
}

const CHECK_MS = 50;

/** Starts the sinks' thread. If no sink is required, nobody waits for it. */
export function startSinks(options: SinksOptions): Sinks {
  const { settings, from, required, timeoutMs } = options;
  const reached = new Map<SinkName, number>(required.map((name) => [name, from]));
  let waiting: Waiter[] = [];
  const thread = superviseSinks({ settings, from, onReport: take, onError: options.onError });
  const checker = setInterval(giveUp, CHECK_MS).unref();

  return {
    durable: thread.durable,
    reached(seq) {
      if (lowest() >= seq) return Promise.resolve();
      return new Promise((resolve, reject) => {
        waiting.push({ seq, until: performance.now() + timeoutMs, resolve, reject });
      });
    },
    async close() {
      await thread.close();
      clearInterval(checker);
    },
  };

  function take(report: SinkReport): void {
    if (report.type === 'dropped') options.onDropped(report.sink, report.count);
    else if (report.type === 'error') options.onError(report.message);
    else if (reached.has(report.sink)) {
      reached.set(report.sink, report.seq);
      const there = lowest();
      const done = waiting.filter(({ seq }) => seq <= there);
      waiting = waiting.filter(({ seq }) => seq > there);
      for (const { resolve } of done) resolve();
    }
  }

  function lowest(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...reached.values());
  }

  function giveUp(): void {
    const now = performance.now();
    const late = waiting.filter(({ until }) => until <= now);
    waiting = waiting.filter(({ until }) => until > now);
    for (const { reject } of late) {
      reject(new Refusal('AUDIT_UNAVAILABLE', { cause: 'a required sink does not answer' }));
    }
  }
}
