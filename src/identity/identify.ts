import type { Arrival, Principal } from '../call.ts';
import { ANONYMOUS, refused } from './principal.ts';

/**
 * One way to find out who calls. `undefined` means that the caller did not use this way; a caller who used
 * it and failed is refused, never passed on to a weaker way.
 * @throws Refusal UNAUTHENTICATED, or TOKEN_KEYS_UNAVAILABLE if that cannot be known
 */
export type Identifier = (
  arrival: Arrival,
  signal: AbortSignal,
) => Principal | undefined | Promise<Principal>;

interface IdentifyOptions {
  /** Tried in this order; the first principal counts. */
  readonly identifiers: readonly Identifier[];
  /** Refuses a caller that none of them knows. */
  readonly require: boolean;
}

type Identify = (arrival: Arrival, signal: AbortSignal) => Principal | Promise<Principal>;

/** Finds the principal of a call, or says that it has none. */
export function createIdentify({ identifiers, require }: IdentifyOptions): Identify {
  const [first, ...others] = identifiers;
  if (!first) return () => nobody(require);
  const next = createIdentify({ identifiers: others, require });
  return (arrival, signal) => first(arrival, signal) ?? next(arrival, signal);
}

function nobody(require: boolean): Principal {
  if (!require) return ANONYMOUS;
  throw refused('This proxy serves only callers that it can identify.');
}
