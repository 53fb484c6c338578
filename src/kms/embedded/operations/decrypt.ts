import { dryRun } from '../fault.ts';
import { isSymmetric } from '../model/spec.ts';
import { structure } from '../shape/collections.ts';
import * as shapes from '../shape/shapes.ts';
import { decryptSource, findSource, type Source, useSource } from '../source.ts';
import { checkDryRun } from './dry-run.ts';
import { operation } from './operation.ts';
import { refuseRecipient } from './recipient.ts';

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html */
export const decrypt = operation(
  structure({
    CiphertextBlob: shapes.ciphertext,
    EncryptionContext: shapes.encryptionContext,
    GrantTokens: shapes.grantTokens,
    KeyId: shapes.keyId,
    EncryptionAlgorithm: shapes.encryptionAlgorithm,
    Recipient: shapes.recipient,
    DryRun: shapes.dryRunFlag,
    DryRunModifiers: shapes.dryRunModifiers,
  }),
  (world, input, caller) => {
    refuseRecipient(input.Recipient);
    const ignoreCiphertext = checkDryRun(input, input.KeyId, 'KeyId');
    const source: Source = {
      ciphertext: input.CiphertextBlob,
      keyId: input.KeyId,
      algorithm: input.EncryptionAlgorithm ?? 'SYMMETRIC_DEFAULT',
      context: input.EncryptionContext,
      grantTokens: input.GrantTokens,
      action: 'Decrypt',
      ignoreCiphertext,
    };
    const key = findSource(world, source, caller);
    useSource(world, source, { key, caller });
    if (ignoreCiphertext) throw dryRun();
    const { plaintext, materialId } = decryptSource(source, key);
    if (input.DryRun) throw dryRun();
    return {
      KeyId: key.arn,
      Plaintext: plaintext,
      EncryptionAlgorithm: source.algorithm,
      ...(isSymmetric(key.spec) && { KeyMaterialId: materialId }),
    };
  },
);
