import type { Arrival, Principal } from '../call.ts';
import { Refusal } from '../errors.ts';

/**
 * One way to find out who calls. `undefined` says that the caller did not use this way; a caller
 * who used it and failed is refused, never passed on to a weaker way.
 * @throws Refusal UNAUTHENTICATED
 */
export type Identifier = (
  arrival: Arrival,
  signal: AbortSignal,
) => Principal | undefined | Promise<Principal | undefined>;

export interface IdentifyOptions {
  /** Asked in this order; the first principal counts. */
  readonly identifiers: readonly Identifier[];
  /** Refuses a caller whom none of them knows. */
  readonly require: boolean;
}

export const ANONYMOUS: Principal = Object.freeze({
  id: '',
  kind: 'anonymous',
  authenticated: false,
  spiffe: Object.freeze({ trustDomain: '', path: '' }),
  attributes: Object.freeze({}),
});

/** Finds the principal of a call, or says that it has none. */
export function createIdentify(
  options: IdentifyOptions,
): (arrival: Arrival, signal: AbortSignal) => Promise<Principal> {
  return async (arrival, signal) => {
    for (const identify of options.identifiers) {
      const found = identify(arrival, signal);
      const principal = found instanceof Promise ? await found : found;
      if (principal) return principal;
    }
    if (options.require) {
      throw new Refusal('UNAUTHENTICATED', {
        sentence: 'This proxy serves only callers that it can identify.',
      });
    }
    return ANONYMOUS;
  };
}
