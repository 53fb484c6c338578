import type { ImportParameters } from './import/parameters.ts';
import type { Store } from './model/store.ts';

/** What operations share: the keys, and the ways in which the outside comes in. */
export interface World {
  readonly store: Store;
  /** Parameters for imports that are under way, by token; they do not outlive the process. */
  readonly imports: Map<string, ImportParameters>;
  /** Milliseconds since the Unix epoch. */
  now(): number;
  randomBytes(size: number): Buffer;
  /** Says that there is something new to keep. */
  changed(): void;
}
