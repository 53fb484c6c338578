/** Stops asking a KMS that fails, and lets one call find out whether it works again. */
export interface Breaker {
  /** 0: ask. Otherwise the milliseconds until somebody may. */
  enter(nowMs: number): number;
  succeeded(nowMs: number): void;
  failed(nowMs: number): void;
  readonly state: 'closed' | 'open' | 'half_open';
}

/** Opens at this share of failures … */
const FAILURE_RATIO = 0.5;
/** … of at least so many calls … */
const LEAST_CALLS = 20;
/** … within this time. */
const WINDOW_MS = 10_000;
/** How long it is open at first; every failed probe doubles it. */
const OPEN_MS = 500;
const MOST_OPEN_MS = 4000;

/** Times are monotonic. `enter` in the half-open state lets through the one call that asks first. */
export function createBreaker(onChange: (state: Breaker['state']) => void): Breaker {
  const window = createWindow();
  let state: Breaker['state'] = 'closed';
  let openMs = OPEN_MS;
  let opensAgainAt = 0;

  const become = (next: Breaker['state']): void => {
    state = next;
    onChange(next);
  };
  const open = (nowMs: number): void => {
    opensAgainAt = nowMs + openMs;
    openMs = Math.min(MOST_OPEN_MS, openMs * 2);
    become('open');
  };

  return {
    enter(nowMs) {
      if (state === 'closed') return 0;
      if (nowMs < opensAgainAt) return opensAgainAt - nowMs;
      // The probe may never report (its caller left): then another one goes after the same time.
      opensAgainAt = nowMs + OPEN_MS;
      if (state === 'open') become('half_open');
      return 0;
    },
    succeeded(nowMs) {
      if (state === 'closed') return window.count(nowMs, false);
      if (state === 'open') return;
      window.clear();
      openMs = OPEN_MS;
      become('closed');
    },
    failed(nowMs) {
      if (state === 'half_open') return open(nowMs);
      if (state === 'open') return;
      window.count(nowMs, true);
      const { calls, failures } = window.totals(nowMs);
      if (calls >= LEAST_CALLS && failures >= calls * FAILURE_RATIO) open(nowMs);
    },
    get state() {
      return state;
    },
  };
}

const SLICES = 10;
const SLICE_MS = WINDOW_MS / SLICES;

/** Calls and failures of the last `WINDOW_MS`, in slices, so that counting makes nothing. */
function createWindow() {
  const slices = Array.from({ length: SLICES }, () => ({ at: -1, calls: 0, failures: 0 }));

  return {
    count(nowMs: number, failed: boolean): void {
      const at = Math.floor(nowMs / SLICE_MS);
      const slice = slices[at % SLICES];
      if (!slice) return;
      if (slice.at !== at) Object.assign(slice, { at, calls: 0, failures: 0 });
      slice.calls += 1;
      if (failed) slice.failures += 1;
    },
    totals(nowMs: number) {
      const oldest = Math.floor(nowMs / SLICE_MS) - SLICES;
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
