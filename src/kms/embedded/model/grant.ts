import type { EncryptionContext } from '../context.ts';
import type { Request } from './authorize.ts';
import { isPrincipal } from './principal.ts';

export interface GrantConstraints {
  readonly EncryptionContextSubset?: EncryptionContext | undefined;
  readonly EncryptionContextEquals?: EncryptionContext | undefined;
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

/** Operations that a context constraint does not touch, having no context. */
const WITHOUT_CONTEXT = new Set(['DescribeKey', 'RetireGrant']);

/** True where the grant lets the caller do what the request says. */
export function grantAllows(grant: Grant, { caller, action, context }: Request): boolean {
  if (!grant.operations.includes(action)) return false;
  if (!isPrincipal(grant.granteePrincipal, caller.principal)) return false;
  return WITHOUT_CONTEXT.has(action) || contextFits(grant.constraints, context ?? {});
}

/** In grants the keys of context pairs are compared ignoring case, their values exactly. */
export function contextFits(
  { EncryptionContextEquals: equals, EncryptionContextSubset: subset }: GrantConstraints = {},
  context: EncryptionContext,
): boolean {
  const given = lowered(context);
  if (equals && lowered(equals).size !== given.size) return false;
  return [equals, subset].every((wanted) =>
    [...lowered(wanted ?? {})].every(([key, value]) => given.get(key) === value),
  );
}

function lowered(context: EncryptionContext): Map<string, string> {
  return new Map(Object.entries(context).map(([key, value]) => [key.toLowerCase(), value]));
}
