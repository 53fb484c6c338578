/** How many second tries there may be, as a share of the calls. */
export interface RetryBudget {
  /** Once per call. */
  deposit(): void;
  /** Takes one second try, if there is one. */
  take(): boolean;
}

/**
 * So small that even a burst of failures cannot spend what hours of peace have saved: over any
 * stretch of time the requests are at most `1 + ratio` times the calls, and these.
 */
const SAVED_AT_MOST = 2;

export function createRetryBudget(ratio: number): RetryBudget {
  const most = ratio === 0 ? 0 : SAVED_AT_MOST;
  let saved = most;

  return {
    deposit() {
      saved = Math.min(most, saved + ratio);
    },
    take() {
      if (saved < 1) return false;
      saved -= 1;
      return true;
    },
  };
}
