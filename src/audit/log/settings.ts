import type { LogOptions } from './state.ts';

/** What can be cloned to the log's thread. */
export interface HostSettings extends Omit<LogOptions, 'disk' | 'now' | 'vkey' | 'claim'> {
  readonly checkpointEntries: number;
  readonly checkpointMs: number;
  readonly keepSegments: number;
  readonly keepMs: number;
}
