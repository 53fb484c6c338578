import type { DecisionLogOptions } from './decision-log.ts';

export interface SinkSettings {
  readonly file: string;
  readonly stdout: boolean;
  readonly decisionLog: DecisionLogOptions | undefined;
  readonly maxBehind: number;
}

export type SinkName = 'stdout' | 'decision-log';

/** To the sinks' thread. `seq`: entries before it are durable. */
export type SinkOrder =
  | { readonly type: 'durable'; readonly seq: number }
  | { readonly type: 'close' };

/** From the sinks' thread. */
export type SinkReport =
  | { readonly type: 'delivered'; readonly sink: SinkName; readonly seq: number }
  | { readonly type: 'dropped'; readonly sink: SinkName; readonly count: number }
  | { readonly type: 'error'; readonly message: string };
