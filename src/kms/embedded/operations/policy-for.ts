import { fault } from '../fault.ts';
import { defaultPolicy } from '../model/default-policy.ts';
import { evaluate } from '../model/evaluate.ts';
import type { Caller } from '../model/key-id.ts';
import { type KeyPolicy, parsePolicy } from '../model/policy.ts';

interface PolicyMembers {
  readonly Policy?: string | undefined;
  readonly BypassPolicyLockoutSafetyCheck?: boolean | undefined;
}

/** The policy that a request gives a key, or the default. A caller may not lock itself out by mistake. */
export function policyFor(
  { Policy, BypassPolicyLockoutSafetyCheck }: PolicyMembers,
  caller: Caller,
): KeyPolicy {
  if (Policy === undefined) return defaultPolicy(caller);
  const policy = parsePolicy(Policy);
  if (BypassPolicyLockoutSafetyCheck === true || mayPutPolicy(policy, caller)) return policy;
  throw fault(
    'MalformedPolicyDocumentException',
    'The new key policy will not allow you to update the key policy in the future.',
  );
}

function mayPutPolicy(policy: KeyPolicy, { principal }: Caller): boolean {
  const action = 'kms:PutKeyPolicy';
  return (
    evaluate(policy, { principal, action, resource: '*', valuesOf: () => undefined }) === 'allow'
  );
}
