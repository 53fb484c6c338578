import type { Caller } from './key-id.ts';
import { type KeyPolicy, parsePolicy } from './policy.ts';

/** The policy that CreateKey gives a key for which none was named: the account's IAM policies decide. */
export function defaultPolicy({
  partition,
  account,
}: Pick<Caller, 'partition' | 'account'>): KeyPolicy {
  const text = JSON.stringify(
    {
      Version: '2012-10-17',
      Id: 'key-default-1',
      Statement: [
        {
          Sid: 'Enable IAM User Permissions',
          Effect: 'Allow',
          Principal: { AWS: `arn:${partition}:iam::${account}:root` },
          Action: 'kms:*',
          Resource: '*',
        },
      ],
    },
    undefined,
    2,
  );
  return parsePolicy(text);
}
