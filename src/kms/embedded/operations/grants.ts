import { dryRun, fault, notFound, validation } from '../fault.ts';
import { authorize } from '../model/authorize.ts';
import { findOwnKey } from '../model/find.ts';
import type { Grant } from '../model/grant.ts';
import type { Key } from '../model/key.ts';
import { managedKey } from '../model/manage.ts';
import { isPrincipal } from '../model/principal.ts';
import { page } from '../page.ts';
import { required, structure } from '../shape/collections.ts';
import { flag } from '../shape/scalars.ts';
import * as shapes from '../shape/shapes.ts';
import type { World } from '../world.ts';
import { operation } from './operation.ts';

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_ListGrants.html */
export const listGrants = operation(
  structure({
    ...shapes.paging,
    KeyId: required(shapes.keyId),
    GrantId: shapes.grantId,
    GranteePrincipal: shapes.principal,
  }),
  (world, input, caller) => {
    const key = managedKey(world, input.KeyId, { caller, action: 'ListGrants' });
    const { GrantId: id, GranteePrincipal: grantee } = input;
    const all = sorted(key.grants)
      .filter((grant) => id === undefined || grant.id === id)
      .filter(({ granteePrincipal }) => grantee === undefined || granteePrincipal === grantee);
    const { items, rest } = page(all, input, { idOf: (grant) => grant.id, usual: 50 });
    return { Grants: items.map((grant) => grantEntry(key, grant)), ...rest };
  },
);

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_ListRetirableGrants.html */
export const listRetirableGrants = operation(
  structure({ ...shapes.paging, RetiringPrincipal: required(shapes.principal) }),
  (world, input, { account, region }) => {
    const all = world.store
      .keys()
      .filter((key) => key.account === account && key.region === region)
      .flatMap((key) => sorted(key.grants).map((grant) => ({ key, grant })))
      .filter(({ grant }) => grant.retiringPrincipal === input.RetiringPrincipal)
      .sort((a, b) => (a.grant.id < b.grant.id ? -1 : 1));
    const { items, rest } = page(all, input, { idOf: ({ grant }) => grant.id, usual: 50 });
    return { Grants: items.map(({ key, grant }) => grantEntry(key, grant)), ...rest };
  },
);

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_RevokeGrant.html */
export const revokeGrant = operation(
  structure({
    KeyId: required(shapes.keyId),
    GrantId: required(shapes.grantId),
    DryRun: flag,
  }),
  (world, input, caller) => {
    const key = managedKey(world, input.KeyId, { caller, action: 'RevokeGrant' });
    remove(world, key, grantOf(key, input.GrantId), input.DryRun);
    return {};
  },
);

/**
 * Named by its token, or by key and grant id. The account that issued it, its retiring principal and
 * a grantee that was granted RetireGrant may retire it.
 * https://docs.aws.amazon.com/kms/latest/APIReference/API_RetireGrant.html
 */
export const retireGrant = operation(
  structure({
    GrantToken: shapes.grantToken,
    KeyId: shapes.keyId,
    GrantId: shapes.grantId,
    DryRun: flag,
  }),
  (world, { GrantToken: token, KeyId, GrantId, DryRun }, caller) => {
    if (token !== undefined ? KeyId !== undefined || GrantId !== undefined : !KeyId || !GrantId) {
      throw validation('You must specify either a grant token or a key ID and grant ID.');
    }
    const { key, grant } =
      token === undefined
        ? named(findOwnKey(world, KeyId ?? '', caller), GrantId ?? '')
        : named(keyOfToken(world, token), token);
    if (!mayRetire(grant, key, caller.principal)) {
      authorize(world, { key, caller, action: 'RetireGrant' });
    }
    remove(world, key, grant, DryRun);
    return {};
  },
);

function named(key: Key, idOrToken: string): { key: Key; grant: Grant } {
  const byToken = [...key.grants.values()].find(({ tokens }) => tokens.includes(idOrToken));
  return { key, grant: byToken ?? grantOf(key, idOrToken) };
}

function keyOfToken(world: World, token: string): Key {
  const key = world.store.keyOfGrantToken(token);
  if (!key) throw fault('InvalidGrantTokenException', 'The grant token is not valid.');
  return key;
}

function mayRetire(grant: Grant, key: Key, principal: string): boolean {
  if (principal === `arn:${key.partition}:iam::${grant.issuingAccount}:root`) return true;
  if (grant.retiringPrincipal && isPrincipal(grant.retiringPrincipal, principal)) return true;
  return grant.operations.includes('RetireGrant') && isPrincipal(grant.granteePrincipal, principal);
}

function grantOf(key: Key, id: string): Grant {
  const grant = key.grants.get(id);
  if (!grant) throw notFound(`Grant ID ${id} not found`);
  return grant;
}

function remove(world: World, key: Key, grant: Grant, dry: boolean | undefined): void {
  if (dry) throw dryRun();
  world.store.removeGrant(key, grant);
  world.changed();
}

function sorted(grants: ReadonlyMap<string, Grant>): readonly Grant[] {
  return [...grants.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** A grant as the lists of KMS show it; only CreateGrant ever returns its tokens. */
function grantEntry(key: Key, grant: Grant) {
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
