import type { Arrival, Principal } from '../call.ts';
import type { Identifier } from './identify.ts';
import { authenticated } from './principal.ts';

/** A Unix socket names everyone who connects to it: the file's permissions decide who may. */
export function createUdsIdentifier(): Identifier {
  return createNamedIdentifier('uds', ({ socketIdentity }) => socketIdentity);
}

/** The access key whose signature the KMS endpoint has verified; an unverified one names nobody. */
export function createAccessKeyIdentifier(): Identifier {
  return createNamedIdentifier('access_key', ({ accessKeyId }) => accessKeyId);
}

/** For names from the configuration, which are few: each principal is made once. */
function createNamedIdentifier(
  kind: 'uds' | 'access_key',
  nameOf: (arrival: Arrival) => string,
): Identifier {
  const known = new Map<string, Principal>();

  return (arrival) => {
    const id = nameOf(arrival);
    if (id === '') return undefined;
    const before = known.get(id);
    if (before) return before;
    const principal = authenticated({ id, kind });
    known.set(id, principal);
    return principal;
  };
}
