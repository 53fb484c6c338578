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

/** That of an item of a stream, which ends with its stream. */
export interface ItemLifetime extends Lifetime {
  cut(refusal: Refusal): void;
}

/**
 * grpc-js says `cancelled` after every call, a finished one too, and for a passed deadline as well
 * (grpc-node #2771): so what comes after `end` is not heard. A clock that jumps
 * meanwhile changes nothing.
 */
export function startLifetime(call: MortalCall, limits: DeadlineLimits): Lifetime {
  const leftMs = clamp(Number(call.getDeadline()) - Date.now(), limits);
  const endsAt = performance.now() + leftMs;
  const { signal, cut, end } = live(leftMs);
  let ended = false;
  call.once('cancelled', () => {
    if (ended) return;
    const late = performance.now() >= endsAt - headStart(leftMs);
    cut(new Refusal(late ? 'DEADLINE_EXCEEDED' : 'CANCELLED'));
  });
  return {
    signal,
    end() {
      ended = true;
      end();
    },
  };
}

/** `askedMs`: what the item asks for itself; 0 where it says nothing. */
export function startItemLifetime(askedMs: number, limits: DeadlineLimits): ItemLifetime {
  return live(clamp(askedMs === 0 ? Number.POSITIVE_INFINITY : askedMs, limits));
}

function live(leftMs: number): ItemLifetime {
  const controller = new AbortController();
  const cut = (refusal: Refusal) => controller.abort(refusal);
  const timer = setTimeout(() => cut(new Refusal('DEADLINE_EXCEEDED')), leftMs);
  return { signal: controller.signal, cut, end: () => clearTimeout(timer) };
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
