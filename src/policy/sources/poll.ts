interface PollOptions {
  check(): Promise<boolean>;
  /** Shortest and longest delay between two checks; after failures, the first and the longest delay. */
  readonly delaysMs: readonly [number, number];
  /** True if the next check needs no delay. */
  atOnce(): boolean;
}

/** Pause between long polls, in case a server always answers at once. */
const PAUSE_MS = 50;

/** Checks at random, uniform delays, so that a fleet does not poll in step; failures double the delay. */
export function poll(options: PollOptions): { stop(): void } {
  const { check, delaysMs, atOnce } = options;
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
    if (failures > 0)
      return Math.min(least * 2 ** (failures - 1), most) * (0.5 + Math.random() / 2);
    return atOnce() ? PAUSE_MS : least + Math.random() * (most - least);
  }
}
