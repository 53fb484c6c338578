/** A pause after a try that failed. */
export interface Pause {
  begin(): void;
  isOver(): boolean;
}

/** A clock that steps far back ends the pause: it must not last as long as the step. */
export function createPause(now: () => number, ms: number): Pause {
  let begunAt = Number.NEGATIVE_INFINITY;
  return {
    begin() {
      begunAt = now();
    },
    isOver: () => Math.abs(now() - begunAt) >= ms,
  };
}
