/** Time and chance of one simulated run: the same seed gives the same run, to the last event. */
export interface World {
  /** Milliseconds of a clock that never steps back. */
  now(): number;
  /** Milliseconds since the Unix epoch, by a clock that may step. */
  epoch(): number;
  /** Uniform in [0, 1). */
  random(): number;
  chance(probability: number): boolean;
  pick<T>(list: readonly [T, ...T[]]): T;
  between(least: number, most: number): number;
  after(ms: number, act: () => void): () => void;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Lets time pass at once, as while a thread is stuck. */
  skip(ms: number): void;
  stepEpoch(ms: number): void;
  /** Runs one event after the other until `done` or the time is up. */
  run(done: () => boolean, untilMs: number): Promise<void>;
}

interface Event {
  readonly at: number;
  readonly order: number;
  readonly act: () => void;
}

const START = Date.UTC(2026, 0, 1);

export function createWorld(seed: number): World {
  const random = mulberry32(seed);
  const events: Event[] = [];
  let now = 0;
  let offset = START;
  let order = 0;

  const after = (ms: number, act: () => void): (() => void) => {
    order += 1;
    const event = { at: now + ms, order, act };
    insert(events, event);
    return () => {
      const at = events.indexOf(event);
      if (at >= 0) events.splice(at, 1);
    };
  };
  return {
    now: () => now,
    epoch: () => Math.floor(now + offset),
    random,
    chance: (probability) => random() < probability,
    pick: (list) => list[Math.floor(random() * list.length)] ?? list[0],
    between: (least, most) => least + random() * (most - least),
    after,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const cancel = after(ms, () => {
          signal?.removeEventListener('abort', abort);
          resolve();
        });
        const abort = (): void => {
          cancel();
          reject(signal?.reason);
        };
        signal?.addEventListener('abort', abort, { once: true });
      }),
    skip(ms) {
      now += ms;
    },
    stepEpoch(ms) {
      offset += ms;
    },
    async run(done, untilMs) {
      for (let next = events.pop(); next; next = events.pop()) {
        if (next.at > untilMs) return;
        now = Math.max(now, next.at);
        next.act();
        // Everything that follows without time passing is done before the next event.
        await new Promise(setImmediate);
        if (done()) return;
      }
    },
  };
}

/** Latest first, so that the next one is at the end. */
function insert(events: Event[], event: Event): void {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = events[middle];
    if (other && (other.at > event.at || (other.at === event.at && other.order > event.order))) {
      low = middle + 1;
    } else high = middle;
  }
  events.splice(low, 0, event);
}

function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
