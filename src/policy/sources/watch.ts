interface WatchOptions {
  /** Text that changes whenever what is watched changes. */
  fingerprint(): Promise<string>;
  /** The fingerprint of what was fetched last. */
  fetched(): string;
  readonly intervalMs: number;
  check(): Promise<boolean>;
}

/** This many checks in a row must find nothing before it counts as gone: a replacement may leave a gap. */
const GONE = 3;

/**
 * Looks at each interval, and calls `check` when what is there differs from what was fetched, once when it
 * is gone, and when it is back.
 */
export function watch(options: WatchOptions): { stop(): void } {
  const { fingerprint, fetched, intervalMs, check } = options;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let missed = 0;
  const look = async () => {
    const now = await fingerprint().catch(() => '');
    const back = missed >= GONE;
    missed = now === '' ? missed + 1 : 0;
    const due = now === '' ? missed === GONE : back || now !== fetched();
    if (due && !stopped) await check();
    next();
  };
  const next = () => {
    if (!stopped) timer = setTimeout(() => void look(), intervalMs).unref();
  };
  void look();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
