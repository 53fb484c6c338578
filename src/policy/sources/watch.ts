export interface WatchOptions {
  /** Text that changes with what is watched. */
  fingerprint(): Promise<string>;
  readonly intervalMs: number;
  check(): Promise<boolean>;
}

/** Looks again and again, and checks when what it sees has changed and is there. */
export function watch({ fingerprint, intervalMs, check }: WatchOptions): { stop(): void } {
  let seen: string | undefined;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  const look = async () => {
    const now = await fingerprint().catch(() => '');
    if (seen !== undefined && now !== seen && now !== '' && !stopped) await check();
    if (now !== '') seen = now;
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
