import type { Principal } from '../call.ts';
import type { Identifier } from './identify.ts';

/** A Unix socket names whoever comes through it: the file's permissions say who may. */
export function createUdsIdentifier(): Identifier {
  const known = new Map<string, Principal>();

  return ({ socketIdentity }) => {
    if (socketIdentity === '') return undefined;
    const before = known.get(socketIdentity);
    if (before) return before;
    const principal: Principal = Object.freeze({
      id: socketIdentity,
      kind: 'uds',
      authenticated: true,
      spiffe: Object.freeze({ trustDomain: '', path: '' }),
      attributes: Object.freeze({}),
    });
    known.set(socketIdentity, principal);
    return principal;
  };
}
