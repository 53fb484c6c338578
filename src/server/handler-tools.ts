import type { Arrival } from '../call.ts';
import type { Refusal } from '../errors.ts';
import type { Turn } from '../turns.ts';
import type { DeadlineLimits } from './lifetime.ts';
import type { StatusWriter } from './status.ts';

/** What every handler needs; the composition root gives it. */
export interface HandlerTools {
  readonly deadlines: DeadlineLimits;
  readonly status: StatusWriter;
  readonly now: () => number;
  /** When the one message of a call is decoded. */
  readonly turn: Turn;
  readonly newId: () => string;
  readonly arrivalOf: (call: { getPeer(): string }) => Arrival;
  /** Called with every refusal before identity. */
  readonly turnedAway: (refusal: Refusal) => void;
  /** Told of unexpected errors, for the log alone. */
  readonly onInternal: (decisionId: string, cause: unknown) => void;
  /** Counters of a method, by its full path. */
  readonly rpc: (path: string) => RpcCounters;
}

/** One method's counters. */
export interface RpcCounters {
  started(): void;
  received(): void;
  sent(): void;
  /** `code` is gRPC's number. */
  handled(code: number, seconds: number): void;
}
