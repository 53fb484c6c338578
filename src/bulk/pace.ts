import { setTimeout as sleep } from 'node:timers/promises';
import { LONGEST_TIMER_MS } from '../longest-timer.ts';

/** Resolves once that many items may be sent. */
export type Pace = (items: number) => Promise<void>;

/** Limits items per second; 0 is no limit. Several calls may wait at once, each for its own turn. */
export function createPace(perSecond: number): Pace {
  let due = performance.now();
  return async (items) => {
    if (perSecond === 0) return;
    const now = performance.now();
    const turn = Math.max(due, now);
    due = turn + (items * 1000) / perSecond;
    await sleep(Math.min(LONGEST_TIMER_MS, turn - now));
  };
}

/** How many items may be sent at once: at most a second's worth. */
export function itemsAtOnce(perSecond: number): number {
  return perSecond === 0 ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(perSecond));
}
