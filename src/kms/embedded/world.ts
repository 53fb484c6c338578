import type { Store } from './model/store.ts';

/** What operations share: the keys, and the ways in which the outside comes in. */
export interface World {
  readonly store: Store;
  /** Milliseconds since the Unix epoch. */
  now(): number;
  randomBytes(size: number): Buffer;
  /** Says that there is something new to keep. */
  changed(): void;
}

export function createWorld({ store, now, randomBytes }: Omit<World, 'changed'>): World {
  return { store, now, randomBytes, changed: () => {} };
}
