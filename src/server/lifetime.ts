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
 * (grpc-node #2771): so what comes after `end` is not heard.
 */
export function startLifetime(call: MortalCall, limits: DeadlineLimits): Lifetime {
  const controller = new AbortController();
  const deadline = clamp(call.getDeadline(), limits);
  const expire = () => controller.abort(new Refusal('DEADLINE_EXCEEDED'));
  const timer = setTimeout(expire, Math.max(0, deadline - Date.now()));
  let ended = false;
  call.once('cancelled', () => {
    if (ended) return;
    if (Date.now() >= deadline) expire();
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

function clamp(deadline: Date | number, { fallbackMs, maxMs }: DeadlineLimits): number {
  const now = Date.now();
  const asked = Number(deadline);
  return asked === Number.POSITIVE_INFINITY ? now + fallbackMs : Math.min(asked, now + maxMs);
}
