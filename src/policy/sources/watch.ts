export interface WatchOptions {
  /** Text that changes with what is watched. */
  fingerprint(): Promise<string>;
  /** The fingerprint of what was fetched last. */
  fetched(): string;
  readonly intervalMs: number;
  check(): Promise<boolean>;
}

/** Looks again and again, and checks when what is there is not what was fetched. */
export function watch(options: WatchOptions): { stop(): void } {
  const { fingerprint, fetched, intervalMs, check } = options;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  const look = async () => {
    const now = await fingerprint().catch(() => '');
    if (now !== '' && now !== fetched() && !stopped) await check();
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
