/**
 * The share of a door's places that is kept free, so that connections that do nothing keep nobody out: many may
 * come in one turn of the event loop, in which no other is gone yet.
 */
const SHARE = 1 / 16;

export const placesForNewcomers = (most: number): number => Math.ceil(most * SHARE);
