interface PollOptions {
  check(): Promise<boolean>;
  /** Shortest and longest delay between two checks; after failures, the first and the longest delay. */
  readonly delaysMs: readonly [number, number];
  /** True if the next check needs no delay. */
  atOnce(): boolean;
  /** True while there is no bundle: every call is refused, so the first checks come soon. */
  lacking(): boolean;
}

/** Doubled after each check that finds no bundle, up to the shortest delay between others. */
const SOON_MS = 250;

/** Pause between long polls, in case a server always answers at once. */
const PAUSE_MS = 50;

/** Checks at random, uniform delays, so that a fleet does not poll in step; failures double the delay. */
export function poll(options: PollOptions): { stop(): void } {
  const { check, delaysMs, atOnce, lacking } = options;
  let failures = 0;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  schedule(true);
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };

  function schedule(well: boolean) {
    failures = well ? 0 : failures + 1;
    if (!stopped) timer = setTimeout(() => void turn(), delay()).unref();
  }

  async function turn() {
    schedule(await check());
  }

  function delay(): number {
    const [least, most] = delaysMs;
    const jitter = 0.5 + Math.random() / 2;
    if (lacking()) return Math.min(SOON_MS * 2 ** failures, least) * jitter;
    if (failures > 0) return Math.min(least * 2 ** (failures - 1), most) * jitter;
    return atOnce() ? PAUSE_MS : least + Math.random() * (most - least);
  }
}
