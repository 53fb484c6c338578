import type { Buffer } from 'node:buffer';

/** Where bundles come from. */
export interface Source {
  /** For sentences: a path or a URL. */
  readonly name: string;
  /** True where the source can be away for a while and staleness therefore counts. */
  readonly remote: boolean;
  /** The bundle's archive; undefined where it is the one that was fetched last. @throws BundleFault */
  fetch(): Promise<Buffer | undefined>;
  /** What was fetched last is of no use: fetch it again even if it has not changed. */
  forget(): void;
  /** Calls `check` whenever the source may have changed, one at a time; it tells whether all was well. */
  follow(check: () => Promise<boolean>): { stop(): void };
}
