import { fault } from '../fault.ts';
import type { World } from '../world.ts';
import { conditionValues } from './condition-values.ts';
import { evaluate } from './evaluate.ts';
import { type Grant, grantAllows } from './grant.ts';
import type { Request } from './request.ts';

/**
 * @returns the grant that lets the caller act, or undefined where the key policy does.
 * @throws AccessDeniedException where neither does.
 */
export function authorize(world: World, request: Request): Grant | undefined {
  const { key, caller, action, grantTokens } = request;
  if (grantTokens) checkGrantTokens(world, grantTokens);
  const said = evaluate(key.policy, {
    principal: caller.principal,
    action: `kms:${action}`,
    resource: key.arn,
    valuesOf: conditionValues(request),
  });
  if (said === 'allow') return undefined;
  if (said === 'deny') throw denied(request, 'with an explicit deny in a resource-based policy');
  const grant = grantOf(request);
  if (grant) return grant;
  throw denied(request, `because no resource-based policy allows the kms:${action} action`);
}

function grantOf(request: Request): Grant | undefined {
  for (const grant of request.key.grants.values()) {
    if (grantAllows(grant, request)) return grant;
  }
  return undefined;
}

/** KMS's sentence for a caller that may not act, and why. */
export function denied({ caller, action, key }: Request, why: string) {
  return fault(
    'AccessDeniedException',
    `User: ${caller.principal} is not authorized to perform: kms:${action} on resource: ${key.arn} ${why}`,
  );
}

/** A token is good while its grant lives. @throws InvalidGrantTokenException. */
function checkGrantTokens(world: World, tokens: readonly string[]): void {
  for (const token of tokens) {
    if (!world.store.keyOfGrantToken(token)) {
      throw fault('InvalidGrantTokenException', 'The grant token is not valid.');
    }
  }
}
