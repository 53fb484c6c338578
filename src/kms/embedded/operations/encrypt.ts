import { encryptWith, usableForEncryption } from '../cipher.ts';
import { dryRun } from '../fault.ts';
import { required, structure } from '../shape/collections.ts';
import * as shapes from '../shape/shapes.ts';
import { operation } from './operation.ts';

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html */
export const encrypt = operation(
  structure({
    KeyId: required(shapes.keyId),
    Plaintext: required(shapes.plaintext),
    EncryptionContext: shapes.encryptionContext,
    GrantTokens: shapes.grantTokens,
    EncryptionAlgorithm: shapes.encryptionAlgorithm,
    DryRun: shapes.dryRunFlag,
  }),
  (world, input, caller) => {
    const algorithm = input.EncryptionAlgorithm ?? 'SYMMETRIC_DEFAULT';
    const encryption = usableForEncryption(world, {
      keyId: input.KeyId,
      caller,
      action: 'Encrypt',
      algorithm,
      context: input.EncryptionContext,
      grantTokens: input.GrantTokens,
    });
    const { blob } = encryptWith(input.Plaintext, encryption);
    if (input.DryRun) throw dryRun();
    return { CiphertextBlob: blob, KeyId: encryption.key.arn, EncryptionAlgorithm: algorithm };
  },
);
