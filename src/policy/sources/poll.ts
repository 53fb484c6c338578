export interface PollOptions {
  check(): Promise<boolean>;
  /** Least and most between two checks; after failures, the first delay and the longest. */
  readonly delaysMs: readonly [number, number];
  /** True where the next check needs no delay. */
  atOnce(): boolean;
  readonly random: () => number;
}

/** Between two long polls, should a server answer at once each time. */
const PAUSE_MS = 50;

/** Checks at uniformly spread delays, so that a fleet does not ask as one; failures double the delay. */
export function poll(options: PollOptions): { stop(): void } {
  const { check, delaysMs, atOnce, random } = options;
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
    if (failures > 0) return Math.min(least * 2 ** (failures - 1), most) * (0.5 + random() / 2);
    return atOnce() ? PAUSE_MS : least + random() * (most - least);
  }
}
