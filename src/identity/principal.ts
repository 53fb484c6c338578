import type { Principal, PrincipalKind } from '../call.ts';
import { Refusal } from '../errors.ts';

const NOT_SPIFFE = Object.freeze({ trustDomain: '', path: '' });
const NO_ATTRIBUTES = Object.freeze({});

/** Whoever did not use any of the ways to identify. */
export const ANONYMOUS: Principal = Object.freeze({
  id: '',
  kind: 'anonymous',
  authenticated: false,
  spiffe: NOT_SPIFFE,
  attributes: NO_ATTRIBUTES,
});

interface Proved {
  readonly id: string;
  readonly kind: Exclude<PrincipalKind, 'anonymous'>;
  readonly spiffe?: Principal['spiffe'];
  readonly attributes?: Principal['attributes'];
}

/** A principal who has proved who it is. */
export function authenticated(proved: Proved): Principal {
  const { id, kind, spiffe = NOT_SPIFFE, attributes = NO_ATTRIBUTES } = proved;
  return Object.freeze({
    id,
    kind,
    authenticated: true,
    spiffe: Object.freeze(spiffe),
    attributes: Object.freeze(attributes),
  });
}

/** The refusal of a proof that does not hold. */
export function refused(sentence: string, cause?: unknown): Refusal {
  return new Refusal('UNAUTHENTICATED', { sentence, cause });
}

/** Whether an id is exact text that cannot look like another one in the log: control characters do not show. */
export function isClear(id: string): boolean {
  return id !== '' && !/[\p{Cc}\p{Cs}\uFFFD]/u.test(id);
}
