import type { Grant } from '../model/grant.ts';
import type { Key } from '../model/key.ts';

/** A grant as the lists of KMS show it; its tokens are told only once, by CreateGrant. */
export function grantEntry(key: Key, grant: Grant) {
  return {
    KeyId: key.arn,
    GrantId: grant.id,
    Name: grant.name ?? '',
    CreationDate: new Date(grant.createdAt),
    GranteePrincipal: grant.granteePrincipal,
    ...(grant.retiringPrincipal && { RetiringPrincipal: grant.retiringPrincipal }),
    IssuingAccount: `arn:${key.partition}:iam::${grant.issuingAccount}:root`,
    Operations: grant.operations,
    ...(grant.constraints && { Constraints: grant.constraints }),
  };
}
