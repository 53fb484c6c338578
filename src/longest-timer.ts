/** 24 days, in milliseconds. Node fires a timer of more at once, and a repeated one a thousand times per second. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;
