import type { Buffer } from 'node:buffer';

/** Where bundles come from. */
export interface Source {
  /** For messages: a path or a URL. */
  readonly name: string;
  /** True if the source can be down for a while, so that staleness counts. */
  readonly remote: boolean;
  /** The bundle's archive; undefined if it has not changed since the last fetch. @throws BundleFault */
  fetch(): Promise<Buffer | undefined>;
  /** The last fetch was unusable: the next one must return the archive even if unchanged. */
  forget(): void;
  /**
   * Calls `check`, one at a time, whenever the source may have changed; `check` resolves to its success.
   * `lacking`: true while it has given no bundle.
   */
  follow(check: () => Promise<boolean>, lacking: () => boolean): { stop(): void };
}
