import { Refusal } from '../errors.ts';

/** Milliseconds. A client that gives no deadline gets `fallbackMs`; none gets more than `maxMs`. */
export interface DeadlineLimits {
  readonly fallbackMs: number;
  readonly maxMs: number;
}

/** What of a grpc-js call is looked at; every kind of call has it. */
export interface MortalCall {
  getDeadline(): Date | number;
  once(event: 'cancelled', listener: () => void): unknown;
}

/** How long a call may live; `signal` aborts with the Refusal that says why it ended early. */
export interface Lifetime {
  readonly signal: AbortSignal;
  end(): void;
}

/**
 * grpc-js says `cancelled` after every call, a finished one too, and for a passed deadline as well
 * (grpc-node #2771): so what comes after `end` is not heard. A clock that jumps
 * meanwhile changes nothing.
 */
export function startLifetime(call: MortalCall, limits: DeadlineLimits): Lifetime {
  const controller = new AbortController();
  const leftMs = clamp(Number(call.getDeadline()) - Date.now(), limits);
  const endsAt = performance.now() + leftMs;
  const expire = () => controller.abort(new Refusal('DEADLINE_EXCEEDED'));
  const timer = setTimeout(expire, leftMs);
  let ended = false;
  call.once('cancelled', () => {
    if (ended) return;
    if (performance.now() >= endsAt - headStart(leftMs)) expire();
    else controller.abort(new Refusal('CANCELLED'));
  });
  return {
    signal: controller.signal,
    end() {
      ended = true;
      clearTimeout(timer);
    },
  };
}

/**
 * By how much the deadline may pass for others first: for grpc-js by a timer that it started before the
 * call was ours, for the client from when it sent the call, which on a busy network or machine is long ago.
 */
function headStart(leftMs: number): number {
  return Math.min(50, Math.max(2, leftMs / 20));
}

function clamp(askedMs: number, { fallbackMs, maxMs }: DeadlineLimits): number {
  if (askedMs === Number.POSITIVE_INFINITY) return fallbackMs;
  return Math.max(0, Math.min(askedMs, maxMs));
}
