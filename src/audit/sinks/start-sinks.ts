import { Refusal } from '../../errors.ts';
import { SINK_NAMES, type SinkName } from '../../sink-names.ts';
import type { SinkReport, SinkSource } from './messages.ts';
import { superviseSinks } from './supervise.ts';

interface SinksOptions extends SinkSource {
  /** Sinks that must have an entry before it counts. */
  readonly required: readonly SinkName[];
  readonly timeoutMs: number;
  readonly onDropped: (sink: SinkName, count: number) => void;
  readonly onError: (message: string) => void;
  /** These required sinks have not answered in time; none if all have what they lacked. */
  readonly onBehind: (lacking: readonly SinkName[]) => void;
}

/** Entries, by sink; those that are off are left out. */
export type SinkCounts = Readonly<Partial<Record<SinkName, number>>>;

export interface Sinks {
  /** Entries before `seq` are in the file. */
  durable(seq: number): void;
  /** A required sink lacks entries that were waited for in vain. */
  behind(): boolean;
  /** How many entries in the file each sink has not taken yet, as far as this start knows. */
  undelivered(): SinkCounts;
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
  const { file, settings, from, required, timeoutMs } = options;
  const delivered = startOf(options);
  let waiting: Waiter[] = [];
  /** Entries before this one were waited for in vain: until they are there, nobody waits for more. */
  let missed = 0;
  const thread = superviseSinks({ file, settings, from, onReport: take, onError: options.onError });
  const checker = setInterval(giveUp, CHECK_MS).unref();

  return {
    durable: thread.durable,
    behind,
    undelivered: () => lackOf(delivered, thread.written()),
    reached(seq) {
      if (lowest() >= seq) return Promise.resolve();
      if (behind()) return Promise.reject(unanswered());
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
    else {
      const was = behind();
      delivered.set(report.sink, report.seq);
      if (was && !behind()) options.onBehind([]);
      const there = lowest();
      const done = waiting.filter(({ seq }) => seq <= there);
      waiting = waiting.filter(({ seq }) => seq > there);
      for (const { resolve } of done) resolve();
    }
  }

  function behind(): boolean {
    return lowest() < missed;
  }

  function lowest(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...required.map(deliveredBy));
  }

  function deliveredBy(name: SinkName): number {
    return delivered.get(name) ?? from;
  }

  function giveUp(): void {
    const now = performance.now();
    const late = waiting.filter(({ until }) => until <= now).map(({ seq }) => seq);
    if (late.length === 0) return;
    const was = behind();
    missed = Math.max(missed, ...late);
    if (!was) options.onBehind(required.filter((name) => deliveredBy(name) < missed));
    for (const { reject } of waiting.splice(0)) reject(unanswered());
  }
}

/** For each sink that is on, seq after the last entry that it has taken. */
type Delivered = ReadonlyMap<SinkName, number>;

function startOf({ settings, from }: SinkSource): Map<SinkName, number> {
  return new Map(SINK_NAMES.filter((name) => settings[name]).map((name) => [name, from]));
}

function lackOf(delivered: Delivered, written: number): SinkCounts {
  return Object.fromEntries(
    [...delivered].map(([name, seq]) => [name, Math.max(0, written - seq)]),
  );
}

function unanswered(): Refusal {
  return new Refusal('AUDIT_UNAVAILABLE', { cause: 'a required sink does not answer' });
}
