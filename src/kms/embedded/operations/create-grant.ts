import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { parseJson } from '../../../json/exact.ts';
import { dryRun } from '../fault.ts';
import { authorize, denied } from '../model/authorize.ts';
import { findOwnKey, requireState } from '../model/find.ts';
import { type Grant, mayPassOn } from '../model/grant.ts';
import type { Key } from '../model/key.ts';
import type { Caller } from '../model/key-id.ts';
import { list, required, structure } from '../shape/collections.ts';
import { flag, text } from '../shape/scalars.ts';
import type { Value } from '../shape/shape.ts';
import * as shapes from '../shape/shapes.ts';
import type { World } from '../world.ts';
import { checkConstraints, checkOperations, checkPrincipals } from './check-grant.ts';
import { operation } from './operation.ts';

const OPERATIONS = [
  'CreateGrant',
  'Decrypt',
  'DeriveSharedSecret',
  'DescribeKey',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyPair',
  'GenerateDataKeyPairWithoutPlaintext',
  'GenerateDataKeyWithoutPlaintext',
  'GenerateMac',
  'GetPublicKey',
  'ReEncryptFrom',
  'ReEncryptTo',
  'RetireGrant',
  'Sign',
  'Verify',
  'VerifyMac',
] as const;

const input = structure({
  KeyId: required(shapes.keyId),
  GranteePrincipal: required(shapes.principal),
  RetiringPrincipal: shapes.principal,
  Operations: required(list(text({ values: OPERATIONS }))),
  Constraints: structure({
    EncryptionContextSubset: shapes.encryptionContext,
    EncryptionContextEquals: shapes.encryptionContext,
    SourceArn: text({ min: 1, max: 2048 }),
  }),
  GrantTokens: shapes.grantTokens,
  Name: text({ min: 1, max: 256, pattern: '^[a-zA-Z0-9:/_-]+$' }),
  DryRun: flag,
});
type Input = Value<typeof input>;

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html */
export const createGrant = operation(input, (world, request, caller) => {
  const key = findOwnKey(world, request.KeyId, caller);
  const wish = { key, caller, action: 'CreateGrant', grantTokens: request.GrantTokens };
  const own = authorize(world, wish);
  requireState(key);
  checkPrincipals([request.GranteePrincipal, request.RetiringPrincipal]);
  checkOperations(request.Operations, key);
  checkConstraints(request.Constraints, key);
  const passedOn = { operations: request.Operations, constraints: request.Constraints };
  if (own && !mayPassOn(own, passedOn)) {
    throw denied(wish, 'because the grant that allows it is narrower than the one asked for');
  }
  if (request.DryRun) throw dryRun();
  const grant = withToken(world, key, { request, caller });
  return { GrantToken: grant.tokens.at(-1), GrantId: grant.id };
});

/** Every answer has its own token; repeating a request for a named grant makes no second grant. */
function withToken(
  world: World,
  key: Key,
  { request, caller }: { request: Input; caller: Caller },
): Grant {
  const wanted = wantedGrant(request, caller);
  const known = [...key.grants.values()].find((grant) => isRetry(grant, wanted));
  const token = randomBytes(96).toString('base64url');
  const grant: Grant = known
    ? { ...known, tokens: [...known.tokens, token] }
    : {
        ...wanted,
        id: randomBytes(32).toString('hex'),
        createdAt: world.now(),
        tokens: [token],
      };
  world.store.addGrant(key, grant);
  world.changed();
  return grant;
}

type Wanted = Omit<Grant, 'id' | 'createdAt' | 'tokens'>;

function wantedGrant(request: Input, { account }: Caller): Wanted {
  return {
    name: request.Name,
    granteePrincipal: request.GranteePrincipal,
    retiringPrincipal: request.RetiringPrincipal,
    issuingAccount: account,
    operations: [...new Set(request.Operations)],
    constraints: request.Constraints,
  };
}

function isRetry({ id: _id, createdAt: _at, tokens: _tokens, ...grant }: Grant, wanted: Wanted) {
  if (wanted.name === undefined) return false;
  const plain = (value: Wanted) => parseJson(JSON.stringify(value));
  return isDeepStrictEqual(plain(grant), plain(wanted));
}
