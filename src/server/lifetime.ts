import { Refusal } from '../errors.ts';

/** Milliseconds. A client that gives no deadline gets `fallbackMs`; none gets more than `maxMs`. */
export interface DeadlineLimits {
  readonly fallbackMs: number;
  readonly maxMs: number;
}

/** The part of a grpc-js call that is used here; every kind of call has it. */
interface MortalCall {
  getDeadline(): Date | number;
  once(event: 'cancelled', listener: () => void): unknown;
}

/** How long a call may live; `signal` aborts with the Refusal that says why it ended early. */
interface Lifetime {
  readonly signal: AbortSignal;
  end(): void;
}

/** The lifetime of an item of a stream; `cut` ends it with its stream. */
export interface ItemLifetime extends Lifetime {
  cut(refusal: Refusal): void;
}

/**
 * grpc-js emits `cancelled` after every call, even a finished one, and for a passed deadline as well
 * (grpc-node #2771): so it is ignored after `end`. A clock that jumps during the call changes nothing.
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

/** `askedMs`: what the item itself asks for; 0 if it asks for nothing. */
export function startItemLifetime(askedMs: number, limits: DeadlineLimits): ItemLifetime {
  return live(clamp(askedMs === 0 ? Number.POSITIVE_INFINITY : askedMs, limits));
}

/** The lifetime of an HTTP request, whose protocol has no deadlines; `gone` aborts once its client has left. */
export function startRequestLifetime(gone: AbortSignal, deadlineMs: number): Lifetime {
  const { signal, cut, end } = live(deadlineMs);
  const cancel = () => cut(new Refusal('CANCELLED'));
  gone.addEventListener('abort', cancel, { once: true });
  return {
    signal,
    end() {
      end();
      gone.removeEventListener('abort', cancel);
    },
  };
}

function live(leftMs: number): ItemLifetime {
  const controller = new AbortController();
  const cut = (refusal: Refusal) => controller.abort(refusal);
  const timer = setTimeout(() => cut(new Refusal('DEADLINE_EXCEEDED')), leftMs);
  return { signal: controller.signal, cut, end: () => clearTimeout(timer) };
}

/**
 * How much earlier than here the deadline may pass elsewhere: grpc-js started its timer before we got the
 * call, and the client when it sent the call, which on a busy network or machine is long ago.
 */
function headStart(leftMs: number): number {
  return Math.min(50, Math.max(2, leftMs / 20));
}

function clamp(askedMs: number, { fallbackMs, maxMs }: DeadlineLimits): number {
  if (askedMs === Number.POSITIVE_INFINITY) return fallbackMs;
  return Math.max(0, Math.min(askedMs, maxMs));
}
