import { notFound } from '../fault.ts';
import { managedKey } from '../model/manage.ts';
import { required, structure } from '../shape/collections.ts';
import { flag } from '../shape/scalars.ts';
import * as shapes from '../shape/shapes.ts';
import { operation } from './operation.ts';
import { policyFor } from './policy-for.ts';

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyPolicy.html */
export const getKeyPolicy = operation(
  structure({ KeyId: required(shapes.keyId), PolicyName: shapes.policyName }),
  (world, input, caller) => {
    const key = managedKey(world, input.KeyId, { caller, action: 'GetKeyPolicy' });
    checkName(input.PolicyName);
    return { Policy: key.policy.text, PolicyName: ONLY_NAME };
  },
);

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html */
export const putKeyPolicy = operation(
  structure({
    KeyId: required(shapes.keyId),
    PolicyName: shapes.policyName,
    Policy: required(shapes.policy),
    BypassPolicyLockoutSafetyCheck: flag,
  }),
  (world, input, caller) => {
    const key = managedKey(world, input.KeyId, { caller, action: 'PutKeyPolicy' });
    checkName(input.PolicyName);
    key.policy = policyFor(input, caller);
    world.changed();
    return {};
  },
);

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeyPolicies.html */
export const listKeyPolicies = operation(
  structure({ KeyId: required(shapes.keyId), ...shapes.paging }),
  (world, input, caller) => {
    managedKey(world, input.KeyId, { caller, action: 'ListKeyPolicies' });
    return { PolicyNames: [ONLY_NAME], Truncated: false };
  },
);

const ONLY_NAME = 'default';

function checkName(name = ONLY_NAME): void {
  if (name !== ONLY_NAME) throw notFound('No such policy exists');
}
