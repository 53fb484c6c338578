export interface WatchOptions {
  /** Text that changes with what is watched. */
  fingerprint(): Promise<string>;
  /** The fingerprint of what was fetched last. */
  fetched(): string;
  readonly intervalMs: number;
  check(): Promise<boolean>;
}

/** So many looks must find nothing before it counts as gone: what is being replaced may be away a moment. */
const GONE = 3;

/**
 * Looks again and again, and checks when what is there is not what was fetched, once when it is gone,
 * and when it is back.
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
