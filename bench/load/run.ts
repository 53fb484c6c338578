import { setTimeout as sleep } from 'node:timers/promises';
import { openTarget, type TargetFlags } from './target.ts';

export interface RunFlags extends TargetFlags {
  readonly duration: string;
  readonly inflight: string;
  readonly rate: string;
}

type Ask = () => Promise<void>;

/** What a run of the load measured; times are in microseconds. */
export async function run(flags: RunFlags) {
  const { ask, close } = openTarget(flags);
  const seconds = Number(flags.duration.replace(/s$/, ''));
  // The first call brings connections, caches and errors to light.
  await ask();
  const work = Number(flags.rate) > 0 ? paced(ask, Number(flags.rate), seconds) : undefined;
  const measured = await (work ?? closed(ask, Number(flags.inflight), seconds));
  close();
  return measured;
}

/** Keeps so many calls in flight, each followed by the next. */
async function closed(ask: Ask, inFlight: number, seconds: number) {
  const tally = createTally();
  const end = performance.now() + seconds * 1000;
  const worker = async () => {
    while (performance.now() < end) await tally.time(ask, performance.now());
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return tally.report();
}

/** Starts a call at each tick; latency counts from when a call was due. */
async function paced(ask: Ask, rate: number, seconds: number) {
  const tally = createTally();
  const began = performance.now();
  const calls: Promise<void>[] = [];
  for (let index = 0; index < rate * seconds; index += 1) {
    const due = began + (index / rate) * 1000;
    const wait = due - performance.now();
    if (wait > 0) await sleep(wait);
    calls.push(tally.time(ask, due));
  }
  await Promise.all(calls);
  return tally.report();
}

function createTally() {
  const began = performance.now();
  const latencies: number[] = [];
  let errors = 0;
  let error: string | undefined;
  return {
    async time(ask: Ask, due: number): Promise<void> {
      try {
        await ask();
        latencies.push((performance.now() - due) * 1000);
      } catch (thrown) {
        errors += 1;
        error ??= String(thrown);
      }
    },
    report() {
      latencies.sort((a, b) => a - b);
      const at = (share: number) => latencies[Math.floor(share * latencies.length)] ?? 0;
      const seconds = (performance.now() - began) / 1000;
      const calls = latencies.length;
      return { calls, errors, error, seconds, p50_us: at(0.5), p99_us: at(0.99) };
    },
  };
}
