import { randomBytes } from 'node:crypto';
import { encryptWith, usableForEncryption } from '../cipher.ts';
import { dryRun, validation } from '../fault.ts';
import type { Caller } from '../model/key-id.ts';
import { required, structure } from '../shape/collections.ts';
import { integer, text } from '../shape/scalars.ts';
import type { Value } from '../shape/shape.ts';
import * as shapes from '../shape/shapes.ts';
import type { World } from '../world.ts';
import { operation } from './operation.ts';
import { refuseRecipient } from './recipient.ts';

const members = {
  KeyId: required(shapes.keyId),
  EncryptionContext: shapes.encryptionContext,
  NumberOfBytes: integer({ min: 1, max: 1024 }),
  KeySpec: text({ values: ['AES_256', 'AES_128'] }),
  GrantTokens: shapes.grantTokens,
  DryRun: shapes.dryRunFlag,
};
const withRecipient = structure({ ...members, Recipient: shapes.recipient });
const withoutRecipient = structure(members);

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html */
export const generateDataKey = operation(withRecipient, (world, input, caller) => {
  refuseRecipient(input.Recipient);
  const { plaintext, ...rest } = dataKey(world, { input, caller, action: 'GenerateDataKey' });
  return { ...rest, Plaintext: plaintext };
});

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKeyWithoutPlaintext.html */
export const generateDataKeyWithoutPlaintext = operation(
  withoutRecipient,
  (world, input, caller) => {
    const action = 'GenerateDataKeyWithoutPlaintext';
    const { plaintext, ...rest } = dataKey(world, { input, caller, action });
    plaintext.fill(0);
    return rest;
  },
);

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateRandom.html */
export const generateRandom = operation(
  structure({
    NumberOfBytes: integer({ min: 1, max: 1024 }),
    CustomKeyStoreId: text({ min: 1, max: 64 }),
    Recipient: shapes.recipient,
  }),
  (_world, input) => {
    refuseRecipient(input.Recipient);
    if (input.NumberOfBytes === undefined) throw validation('NumberOfBytes is required.');
    return { Plaintext: randomBytes(input.NumberOfBytes) };
  },
);

interface DataKeyRequest {
  readonly input: Value<typeof withoutRecipient>;
  readonly caller: Caller;
  readonly action: 'GenerateDataKey' | 'GenerateDataKeyWithoutPlaintext';
}

function dataKey(world: World, { input, caller, action }: DataKeyRequest) {
  const size = sizeOf(input);
  const { EncryptionContext: context, GrantTokens: grantTokens, KeyId } = input;
  const encryption = usableForEncryption(world, {
    keyId: KeyId,
    caller,
    action,
    algorithm: 'SYMMETRIC_DEFAULT',
    context,
    grantTokens,
  });
  if (input.DryRun) throw dryRun();
  const plaintext = randomBytes(size);
  const { blob, materialId } = encryptWith(plaintext, encryption);
  return {
    CiphertextBlob: blob,
    KeyId: encryption.key.arn,
    KeyMaterialId: materialId,
    plaintext,
  };
}

function sizeOf({ NumberOfBytes, KeySpec }: DataKeyRequest['input']): number {
  if ((NumberOfBytes === undefined) === (KeySpec === undefined)) {
    throw validation('Please specify either number of bytes or key spec.');
  }
  return NumberOfBytes ?? (KeySpec === 'AES_128' ? 16 : 32);
}
