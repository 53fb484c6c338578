import { setTimeout as sleep } from 'node:timers/promises';

/** Due times at this rate per second, each yielded once it has come; by `performance.now`. */
export async function* ticks(rate: number, seconds: number): AsyncGenerator<number> {
  const began = performance.now();
  for (let index = 0; index < rate * seconds; index += 1) {
    const due = began + (index / rate) * 1000;
    const wait = due - performance.now();
    if (wait > 0) await sleep(wait);
    yield due;
  }
}

/** Times calls; its report is that of the Go load, in microseconds. */
export function createTally() {
  const began = performance.now();
  const latencies: number[] = [];
  let errors = 0;
  let error: string | undefined;
  return {
    async time(act: () => Promise<void>, from: number): Promise<void> {
      try {
        await act();
        latencies.push((performance.now() - from) * 1000);
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
