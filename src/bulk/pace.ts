import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves once as many items may be sent. */
export type Pace = (items: number) => Promise<void>;

/** setTimeout does not wait at all for longer. */
const LONGEST_MS = 2 ** 31 - 1;

/** Lets through so many a second; 0 is as many as come. Several may wait at once, each for its own turn. */
export function createPace(perSecond: number): Pace {
  let due = performance.now();
  return async (items) => {
    if (perSecond === 0) return;
    const now = performance.now();
    const turn = Math.max(due, now);
    due = turn + (items * 1000) / perSecond;
    await sleep(Math.min(LONGEST_MS, turn - now));
  };
}

/** How many items at once come to no more than a second's. */
export function itemsAtOnce(perSecond: number): number {
  return perSecond === 0 ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(perSecond));
}
