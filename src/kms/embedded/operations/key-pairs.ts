import { createPublicKey } from 'node:crypto';
import { encryptWith, usableForEncryption } from '../cipher.ts';
import { dryRun, fault } from '../fault.ts';
import type { Caller } from '../model/key-id.ts';
import { newSecret } from '../model/material.ts';
import { required, structure } from '../shape/collections.ts';
import { text } from '../shape/scalars.ts';
import type { Value } from '../shape/shape.ts';
import * as shapes from '../shape/shapes.ts';
import type { World } from '../world.ts';
import { operation } from './operation.ts';
import { refuseRecipient } from './recipient.ts';

const members = {
  KeyId: required(shapes.keyId),
  KeyPairSpec: required(
    text({
      values: [
        'RSA_2048',
        'ECC_NIST_P384',
        'ECC_NIST_P256',
        'ECC_NIST_P521',
        'RSA_3072',
        'ECC_SECG_P256K1',
        'RSA_4096',
        'SM2',
        'ECC_NIST_EDWARDS25519',
      ],
    }),
  ),
  EncryptionContext: shapes.encryptionContext,
  GrantTokens: shapes.grantTokens,
  DryRun: shapes.dryRunFlag,
};
const withRecipient = structure({ ...members, Recipient: shapes.recipient });
const withoutRecipient = structure(members);

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKeyPair.html */
export const generateDataKeyPair = operation(withRecipient, (world, input, caller) => {
  refuseRecipient(input.Recipient);
  const { plaintext, ...rest } = keyPair(world, { input, caller, action: 'GenerateDataKeyPair' });
  return { ...rest, PrivateKeyPlaintext: plaintext };
});

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKeyPairWithoutPlaintext.html */
export const generateDataKeyPairWithoutPlaintext = operation(
  withoutRecipient,
  (world, input, caller) => {
    const action = 'GenerateDataKeyPairWithoutPlaintext';
    const { plaintext, ...rest } = keyPair(world, { input, caller, action });
    plaintext.fill(0);
    return rest;
  },
);

interface KeyPairRequest {
  readonly input: Value<typeof withoutRecipient>;
  readonly caller: Caller;
  readonly action: string;
}

function keyPair(world: World, { input, caller, action }: KeyPairRequest) {
  const { KeyPairSpec, EncryptionContext: context, GrantTokens: grantTokens } = input;
  if (KeyPairSpec === 'SM2') {
    throw fault(
      'UnsupportedOperationException',
      'KeyPairSpec SM2 is not supported in this Region.',
    );
  }
  const encryption = usableForEncryption(world, {
    keyId: input.KeyId,
    caller,
    action,
    algorithm: 'SYMMETRIC_DEFAULT',
    context,
    grantTokens,
  });
  if (input.DryRun) throw dryRun();
  const privateKey = newSecret(KeyPairSpec);
  const plaintext = privateKey.export({ format: 'der', type: 'pkcs8' });
  const { blob, materialId } = encryptWith(plaintext, encryption);
  return {
    PrivateKeyCiphertextBlob: blob,
    PublicKey: createPublicKey(privateKey).export({ format: 'der', type: 'spki' }),
    KeyId: encryption.key.arn,
    KeyPairSpec,
    KeyMaterialId: materialId,
    plaintext,
  };
}
