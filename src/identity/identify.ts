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
  /** Attributes that every principal has, '' where nothing tells them. */
  readonly attributes: readonly string[];
}

type Identify = (arrival: Arrival, signal: AbortSignal) => Principal | Promise<Principal>;

/** Finds the principal of a call, or says that it has none. */
export function createIdentify({ identifiers, require, attributes }: IdentifyOptions): Identify {
  const find = createFind(identifiers, require);
  if (attributes.length === 0) return find;
  const complete = completer(attributes);
  return (arrival, signal) => {
    const found = find(arrival, signal);
    return found instanceof Promise ? found.then(complete) : complete(found);
  };
}

function createFind([first, ...others]: readonly Identifier[], require: boolean): Identify {
  if (!first) return () => nobody(require);
  const next = createFind(others, require);
  return (arrival, signal) => first(arrival, signal) ?? next(arrival, signal);
}

/** A deny rule that reads an attribute which is not there would never deny. One object per principal: it is the key to what others keep of it. */
function completer(names: readonly string[]): (found: Principal) => Principal {
  const blank = Object.fromEntries(names.map((name) => [name, '']));
  const known = new WeakMap<Principal, Principal>();
  return (found) => {
    const before = known.get(found);
    if (before) return before;
    const attributes = Object.freeze({ ...blank, ...found.attributes });
    const whole = Object.freeze({ ...found, attributes });
    known.set(found, whole);
    return whole;
  };
}

function nobody(require: boolean): Principal {
  if (!require) return ANONYMOUS;
  throw refused('This proxy serves only callers that it can identify.');
}
