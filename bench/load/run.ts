import { createTally, ticks } from './tally.ts';
import { openTarget, type TargetFlags } from './target.ts';

interface RunFlags extends TargetFlags {
  readonly duration: string;
  readonly inflight: string;
  readonly rate: string;
}

type Ask = () => Promise<void>;

/** What a run of the load measured; times are in microseconds. */
export async function run(flags: RunFlags) {
  const { ask, close } = openTarget(flags);
  const seconds = Number(flags.duration.replace(/s$/, ''));
  // The first call opens connections, fills caches and reveals errors.
  await ask();
  const work = Number(flags.rate) > 0 ? paced(ask, Number(flags.rate), seconds) : undefined;
  const measured = await (work ?? closed(ask, Number(flags.inflight), seconds));
  close();
  return measured;
}

/** Keeps this many calls in flight: each finished call is followed by the next. */
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
  const calls: Promise<void>[] = [];
  for await (const due of ticks(rate, seconds)) calls.push(tally.time(ask, due));
  await Promise.all(calls);
  return tally.report();
}
