import type { RefusedError } from '../client/refused-error.ts';

export interface PatienceOptions {
  /** How long to keep trying while no item makes progress. */
  readonly patienceMs: number;
  /** Called with the reason once no progress is more than a hiccup. */
  readonly onHeldUp: (refusal: RefusedError) => void;
}

/** After each try of a batch that left refusals: milliseconds until the next, or undefined for none. */
type Patience = (refusals: readonly RefusedError[], progress: boolean) => number | undefined;

const PAUSE_MS = { first: 200, most: 5_000 } as const;

/** After this many more tries in vain, it is more than a hiccup: about a second. */
const HICCUP = 2;

/** Patience for one batch; its time starts now. */
export function createPatience({ patienceMs, onHeldUp }: PatienceOptions): Patience {
  let since = performance.now();
  let vain = -1;
  return (refusals, progress) => {
    if (progress) [since, vain] = [performance.now(), -1];
    vain += 1;
    if (performance.now() - since > patienceMs) return undefined;
    const [refusal] = refusals;
    if (vain === HICCUP && refusal) onHeldUp(refusal);
    return pauseMs(refusals, vain);
  };
}

/** At least as long as the proxy says, and longer after each try without progress. */
function pauseMs(refusals: readonly RefusedError[], vain: number): number {
  const told = Math.max(...refusals.map(({ facts }) => facts.retryAfterMs ?? 0));
  const own = PAUSE_MS.first * 2 ** vain;
  return Math.min(PAUSE_MS.most, Math.max(told, own)) * (0.75 + Math.random() / 2);
}
