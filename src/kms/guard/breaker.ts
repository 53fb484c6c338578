/** Stops asking a KMS that fails, and lets one call find out whether it works again. */
export interface Breaker {
  /** 0: ask. Otherwise the milliseconds until somebody may. */
  enter(nowMs: number): number;
  succeeded(nowMs: number): void;
  failed(nowMs: number): void;
  readonly state: 'closed' | 'open' | 'half_open';
}

interface BreakerLimits {
  /** Opens at this share of failures … */
  readonly failureRatio: number;
  /** … of at least so many calls … */
  readonly minCalls: number;
  /** … within this time. */
  readonly windowMs: number;
  /** How long it is open at first; every failed probe doubles it. */
  readonly openMs: number;
  readonly maxOpenMs: number;
}

export const BREAKER_LIMITS: BreakerLimits = {
  failureRatio: 0.5,
  minCalls: 20,
  windowMs: 10_000,
  openMs: 500,
  maxOpenMs: 4000,
};

/** Times are monotonic. `enter` in the half-open state lets through the one call that asks first. */
export function createBreaker(
  limits: BreakerLimits,
  onChange: (state: Breaker['state']) => void = () => {},
): Breaker {
  const window = createWindow(limits.windowMs);
  let state: Breaker['state'] = 'closed';
  let openMs = limits.openMs;
  let opensAgainAt = 0;

  const become = (next: Breaker['state']): void => {
    state = next;
    onChange(next);
  };
  const open = (nowMs: number): void => {
    opensAgainAt = nowMs + openMs;
    openMs = Math.min(limits.maxOpenMs, openMs * 2);
    become('open');
  };

  return {
    enter(nowMs) {
      if (state === 'closed') return 0;
      if (nowMs < opensAgainAt) return opensAgainAt - nowMs;
      // The probe may never report (its caller left): then another one goes after the same time.
      opensAgainAt = nowMs + limits.openMs;
      if (state === 'open') become('half_open');
      return 0;
    },
    succeeded(nowMs) {
      if (state === 'closed') return window.count(nowMs, false);
      if (state === 'open') return;
      window.clear();
      openMs = limits.openMs;
      become('closed');
    },
    failed(nowMs) {
      if (state === 'half_open') return open(nowMs);
      if (state === 'open') return;
      window.count(nowMs, true);
      const { calls, failures } = window.totals(nowMs);
      if (calls >= limits.minCalls && failures >= calls * limits.failureRatio) open(nowMs);
    },
    get state() {
      return state;
    },
  };
}

const SLICES = 10;

/** Calls and failures of the last `windowMs`, in slices, so that counting makes nothing. */
function createWindow(windowMs: number) {
  const sliceMs = windowMs / SLICES;
  const slices = Array.from({ length: SLICES }, () => ({ at: -1, calls: 0, failures: 0 }));

  return {
    count(nowMs: number, failed: boolean): void {
      const at = Math.floor(nowMs / sliceMs);
      const slice = slices[at % SLICES];
      if (!slice) return;
      if (slice.at !== at) Object.assign(slice, { at, calls: 0, failures: 0 });
      slice.calls += 1;
      if (failed) slice.failures += 1;
    },
    totals(nowMs: number) {
      const oldest = Math.floor(nowMs / sliceMs) - SLICES;
      let calls = 0;
      let failures = 0;
      for (const slice of slices) {
        if (slice.at <= oldest) continue;
        calls += slice.calls;
        failures += slice.failures;
      }
      return { calls, failures };
    },
    clear(): void {
      for (const slice of slices) Object.assign(slice, { at: -1, calls: 0, failures: 0 });
    },
  };
}
