import type { KeyObject } from 'node:crypto';
import type { Store } from './model/store.ts';

/** What operations share: the keys, and the time. */
export interface World {
  readonly store: Store;
  /** Parameters for imports that are under way, by token; they do not outlive the process. */
  readonly imports: Map<string, ImportParameters>;
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Reports that there is something new to save. */
  changed(): void;
}

/** What GetParametersForImport promised: how material for which key is wrapped, and until when. */
export interface ImportParameters {
  readonly keyArn: string;
  readonly algorithm: string;
  readonly privateKey: KeyObject;
  readonly validTo: number;
}
