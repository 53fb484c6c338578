import type { Body } from './body.ts';
import type { LogOptions } from './log/log.ts';

/** What the log's thread is started with. */
export interface ThreadData {
  readonly options: Omit<LogOptions, 'disk' | 'now'>;
  /** Two Int32: the turn (see turn.ts) and the last batch that was committed. */
  readonly turn: SharedArrayBuffer;
}

/** To the log's thread. */
export type Order =
  | { readonly type: 'batch'; readonly id: number; readonly turn: number; readonly bodies: Body[] }
  | { readonly type: 'reopen' }
  | { readonly type: 'close'; readonly last: readonly Body[] };

/** From the log's thread. */
export type Report =
  | { readonly type: 'ready'; readonly open: readonly string[] }
  | { readonly type: 'refused'; readonly code: string; readonly message: string }
  /** Every batch up to `id` is durable. */
  | { readonly type: 'done'; readonly id: number; readonly seq: number }
  /** No batch up to `id` that was not done is in the log, and none is taken until `well`. */
  | {
      readonly type: 'fault';
      readonly id: number;
      readonly code: string;
      readonly message: string;
    }
  | { readonly type: 'well'; readonly open: readonly string[] }
  | { readonly type: 'closed' };
