import { fault, validation } from '../fault.ts';
import { createKey, usageFor } from '../model/create.ts';
import { keyMetadata } from '../model/metadata.ts';
import { isKeySpec, type KeySpec, type KeyUsage } from '../model/spec.ts';
import { addTags } from '../model/tags.ts';
import { structure } from '../shape/collections.ts';
import { flag, text } from '../shape/scalars.ts';
import type { Value } from '../shape/shape.ts';
import * as shapes from '../shape/shapes.ts';
import { operation } from './operation.ts';
import { policyFor } from './policy-for.ts';

// In the order in which KMS prints the sets.
const keyUsage = text<KeyUsage>({
  values: ['ENCRYPT_DECRYPT', 'SIGN_VERIFY', 'GENERATE_VERIFY_MAC', 'KEY_AGREEMENT'],
});
const keySpec = text<KeySpec | 'SM2' | 'ML_DSA_44' | 'ML_DSA_65' | 'ML_DSA_87'>({
  values: [
    'RSA_2048',
    'ECC_NIST_P384',
    'ECC_NIST_P256',
    'ECC_NIST_P521',
    'HMAC_384',
    'RSA_3072',
    'ECC_SECG_P256K1',
    'RSA_4096',
    'SYMMETRIC_DEFAULT',
    'HMAC_256',
    'HMAC_224',
    'HMAC_512',
    'SM2',
    'ML_DSA_44',
    'ML_DSA_65',
    'ML_DSA_87',
    'ECC_NIST_EDWARDS25519',
  ],
});
const origin = text<'AWS_KMS' | 'EXTERNAL' | 'AWS_CLOUDHSM' | 'EXTERNAL_KEY_STORE'>({
  values: ['EXTERNAL', 'AWS_CLOUDHSM', 'EXTERNAL_KEY_STORE', 'AWS_KMS'],
});

const input = structure({
  Policy: shapes.policy,
  Description: shapes.description,
  KeyUsage: keyUsage,
  CustomerMasterKeySpec: keySpec,
  KeySpec: keySpec,
  Origin: origin,
  CustomKeyStoreId: text({ min: 1, max: 64 }),
  BypassPolicyLockoutSafetyCheck: flag,
  Tags: shapes.tags,
  MultiRegion: flag,
  XksKeyId: text({ min: 1, max: 128, pattern: '^[a-zA-Z0-9-_.]+$' }),
});

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html */
export const createKeyOperation = operation(input, (world, request, caller) => {
  const spec = specOf(request);
  const usage = usageFor(spec, request.KeyUsage);
  const policy = policyFor(request, caller);
  const tags = new Map<string, string>();
  addTags(tags, request.Tags ?? []);
  const key = createKey(world, {
    place: caller,
    spec,
    usage,
    origin: originOf(request),
    multiRegion: request.MultiRegion === true,
    description: request.Description ?? '',
    policy,
  });
  for (const [name, value] of tags) key.tags.set(name, value);
  return { KeyMetadata: keyMetadata(key) };
});

function specOf({ KeySpec, CustomerMasterKeySpec }: Value<typeof input>): KeySpec {
  if (KeySpec !== undefined && CustomerMasterKeySpec !== undefined) {
    throw validation(
      'You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.',
    );
  }
  const spec = KeySpec ?? CustomerMasterKeySpec ?? 'SYMMETRIC_DEFAULT';
  if (!isKeySpec(spec)) {
    throw fault(
      'UnsupportedOperationException',
      `KeySpec ${spec} is not supported in this Region.`,
    );
  }
  return spec;
}

function originOf(request: Value<typeof input>): 'AWS_KMS' | 'EXTERNAL' {
  const { Origin = 'AWS_KMS', CustomKeyStoreId, XksKeyId } = request;
  if (Origin === 'AWS_CLOUDHSM' || Origin === 'EXTERNAL_KEY_STORE') {
    if (CustomKeyStoreId === undefined) {
      throw validation(`CustomKeyStoreId is required for keys with origin ${Origin}.`);
    }
    throw noKeyStore(CustomKeyStoreId);
  }
  if (CustomKeyStoreId !== undefined) throw noKeyStore(CustomKeyStoreId);
  if (XksKeyId !== undefined) {
    throw validation('XksKeyId is only valid for keys with origin EXTERNAL_KEY_STORE.');
  }
  return Origin;
}

function noKeyStore(id: string) {
  return fault('CustomKeyStoreNotFoundException', `Custom key store ${id} does not exist.`);
}
