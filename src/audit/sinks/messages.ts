import type { SinkName } from '../../sink-names.ts';
import type { DecisionLogOptions } from './decision-log.ts';

/** The settings of each sink, by its name; none where it is off. */
export interface SinkSettings extends Readonly<Record<SinkName, unknown>> {
  /** One JSON line per entry on standard output. */
  readonly stdout: boolean;
  /** OPA's decision log service. */
  readonly 'decision-log': DecisionLogOptions | undefined;
  /** How many entries a sink may lag behind before the oldest are dropped and counted. */
  readonly maxBehind: number;
}

/** What sinks read and how. */
export interface SinkSource {
  /** The live file of the log. */
  readonly file: string;
  readonly settings: SinkSettings;
  /** Seq of the first entry of this start. */
  readonly from: number;
}

/** What the sinks' thread starts with. */
export interface SinkStart extends SinkSource {
  /** Seq after the last entry that is known to be in the log, as this thread starts. */
  readonly written: number;
}

/** To the sinks' thread. `seq`: entries before it are durable. */
export type SinkOrder =
  | { readonly type: 'durable'; readonly seq: number }
  | { readonly type: 'close' };

/** From the sinks' thread. */
export type SinkReport =
  | { readonly type: 'delivered'; readonly sink: SinkName; readonly seq: number }
  | { readonly type: 'dropped'; readonly sink: SinkName; readonly count: number }
  | { readonly type: 'error'; readonly message: string };
