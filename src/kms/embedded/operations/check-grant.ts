import { fault, validation } from '../fault.ts';
import type { GrantConstraints } from '../model/grant.ts';
import type { Key } from '../model/key.ts';
import { algorithmsOf } from '../model/spec.ts';

const PRINCIPAL = /^(?:arn:[a-z-]+:(?:iam|sts)::\d{12}:.+|[a-z0-9.-]+\.amazonaws\.com(?:\.cn)?)$/;

export function checkPrincipals(principals: readonly (string | undefined)[]): void {
  for (const principal of principals) {
    if (principal !== undefined && !PRINCIPAL.test(principal)) {
      throw fault('InvalidArnException', `ARN does not refer to a valid principal: ${principal}`);
    }
  }
}

const ENCRYPT = ['Encrypt', 'Decrypt', 'ReEncryptFrom', 'ReEncryptTo'];
const SYMMETRIC = [
  ...ENCRYPT,
  'GenerateDataKey',
  'GenerateDataKeyWithoutPlaintext',
  'GenerateDataKeyPair',
  'GenerateDataKeyPairWithoutPlaintext',
];
const ALWAYS = ['CreateGrant', 'RetireGrant', 'DescribeKey'];

/** @throws ValidationException for operations that keys of this kind do not have. */
export function checkOperations(operations: readonly string[], key: Key): void {
  if (operations.length === 0) throw validation('At least one grant operation is required.');
  const possible = new Set([...ALWAYS, ...operationsOf(key)]);
  const wrong = operations.filter((name) => !possible.has(name));
  if (wrong.length === 0) return;
  throw validation(
    `Grant operations [${wrong.join(', ')}] are not valid for a key with key spec ${key.spec} and key usage ${key.usage}.`,
  );
}

function operationsOf({ spec, usage }: Key): readonly string[] {
  if (spec === 'SYMMETRIC_DEFAULT') return SYMMETRIC;
  if (usage === 'ENCRYPT_DECRYPT') return [...ENCRYPT, 'GetPublicKey'];
  if (usage === 'SIGN_VERIFY') return ['Sign', 'Verify', 'GetPublicKey'];
  if (usage === 'KEY_AGREEMENT') return ['DeriveSharedSecret', 'GetPublicKey'];
  return algorithmsOf(spec, usage).length > 0 ? ['GenerateMac', 'VerifyMac'] : [];
}

const MOST_PAIRS = 8;
const MOST_CHARACTERS = 384;

export function checkConstraints(constraints: GrantConstraints | undefined, key: Key): void {
  const { EncryptionContextEquals: equals, EncryptionContextSubset: subset } = constraints ?? {};
  if (!equals && !subset) return;
  if (key.spec !== 'SYMMETRIC_DEFAULT') {
    throw validation(
      'Encryption context constraints are only valid in grants for symmetric encryption keys.',
    );
  }
  if (equals && subset) {
    throw validation('Only one of EncryptionContextEquals and EncryptionContextSubset may be set.');
  }
  const pairs = Object.entries(equals ?? subset ?? {});
  if (pairs.length > MOST_PAIRS) throw validation('Too many encryption context pairs.');
  if (pairs.some(([, value]) => value.length > MOST_CHARACTERS)) {
    throw validation('Encryption context value in a grant constraint is too long.');
  }
}
