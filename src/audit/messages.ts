import type { AuditCause } from '../audit-causes.ts';
import type { Packed } from './entries/body.ts';
import type { PutOffCode } from './log/fault.ts';
import type { HostSettings } from './log/state.ts';

/** What the log's thread is started with. */
export interface ThreadData {
  readonly settings: HostSettings;
  readonly key: SigningKey;
  /** Two Int32: the round (see batches/rounds.ts) and the last batch that was committed. */
  readonly rounds: SharedArrayBuffer;
}

/** A private key for the thread, or the public half of one that stays in a KMS. */
export type SigningKey = { readonly pem: Uint8Array } | { readonly vkey: string };

export interface Signed {
  readonly type: 'signed';
  readonly id: number;
  readonly signature: Uint8Array | undefined;
  readonly message: string;
}

/** To the log's thread. */
export type Order =
  | ({ readonly type: 'batch'; readonly id: number; readonly round: number } & Packed)
  | { readonly type: 'reopen' }
  | Signed
  | { readonly type: 'close'; readonly last: Packed };

interface Trouble {
  readonly code: AuditCause;
  readonly message: string;
}

/** From the log's thread. */
export type Report =
  | {
      readonly type: 'ready';
      readonly open: readonly string[];
      readonly vkey: string;
      readonly seq: number;
    }
  | ({ readonly type: 'refused' } & Trouble)
  /** Every batch up to `id` is durable. */
  | { readonly type: 'done'; readonly id: number; readonly seq: number }
  /** Batches up to `id` without a `done` are not in the log; no batch is taken until `well`. */
  | ({ readonly type: 'fault'; readonly id: number } & Trouble)
  /** Batches are taken again. `open`: decision ids whose intent is in the log and whose outcome is not. */
  | { readonly type: 'well'; readonly open: readonly string[] }
  | { readonly type: 'checkpoint'; readonly note: string }
  | { readonly type: 'sign'; readonly id: number; readonly text: Uint8Array }
  /** Something beside the entries could not be done; the log goes on and will try again. */
  | { readonly type: 'put_off'; readonly code: PutOffCode; readonly message: string }
  | { readonly type: 'closed'; readonly seq: number };
