import type { Logger } from 'pino';

/** What the proxy takes from the process that it runs in. */
export interface Surroundings {
  readonly log: Logger;
  /** Writes one line to standard output. */
  readonly print: (line: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
}
