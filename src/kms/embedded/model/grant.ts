import type { EncryptionContext } from '../../../encryption-context.ts';
import type { Caller } from './key-id.ts';
import { isPrincipal } from './principal.ts';

export interface GrantConstraints {
  readonly EncryptionContextSubset?: EncryptionContext | undefined;
  readonly EncryptionContextEquals?: EncryptionContext | undefined;
  /** A resource of an AWS service; no caller here acts for one, so such a grant allows nobody. */
  readonly SourceArn?: string | undefined;
}

/** A grant as ListGrants shows it, and the tokens that CreateGrant gave for it. */
export interface Grant {
  readonly id: string;
  readonly tokens: readonly string[];
  readonly name: string | undefined;
  readonly createdAt: number;
  readonly granteePrincipal: string;
  readonly retiringPrincipal: string | undefined;
  readonly issuingAccount: string;
  readonly operations: readonly string[];
  readonly constraints: GrantConstraints | undefined;
}

/** The part of a request that a grant is checked against. */
interface Act {
  readonly caller: Caller;
  readonly action: string;
  readonly context?: EncryptionContext | undefined;
}

/** Operations without a context: constraints do not apply, or only limit what may be passed on. */
const WITHOUT_CONTEXT = new Set(['DescribeKey', 'RetireGrant', 'CreateGrant']);

/** True where the grant lets the caller act. */
export function grantAllows(grant: Grant, { caller, action, context }: Act): boolean {
  if (!grant.operations.includes(action)) return false;
  if (!isPrincipal(grant.granteePrincipal, caller.principal)) return false;
  if (grant.constraints?.SourceArn !== undefined) return false;
  return WITHOUT_CONTEXT.has(action) || contextFits(grant.constraints, context ?? {});
}

/** In grants the keys of context pairs are compared ignoring case, their values exactly. */
function contextFits(
  { EncryptionContextEquals: equals, EncryptionContextSubset: subset }: GrantConstraints = {},
  context: EncryptionContext,
): boolean {
  const given = lowered(context);
  if (equals && lowered(equals).size !== given.size) return false;
  return [equals, subset].every((wanted) =>
    [...lowered(wanted ?? {})].every(([key, value]) => given.get(key) === value),
  );
}

/**
 * True where a grantee may pass on what it was granted: no other operations, and constraints that
 * are as strict or stricter.
 */
export function mayPassOn(own: Grant, wanted: Pick<Grant, 'operations' | 'constraints'>): boolean {
  if (!wanted.operations.every((operation) => own.operations.includes(operation))) return false;
  const { EncryptionContextEquals: equals, EncryptionContextSubset: subset } =
    own.constraints ?? {};
  if (!equals && !subset) return true;
  const { EncryptionContextEquals: exactly, EncryptionContextSubset: atLeast } =
    wanted.constraints ?? {};
  if (exactly) return contextFits(own.constraints, exactly);
  return equals === undefined && contextFits(own.constraints, atLeast ?? {});
}

function lowered(context: EncryptionContext): Map<string, string> {
  return new Map(Object.entries(context).map(([key, value]) => [key.toLowerCase(), value]));
}
