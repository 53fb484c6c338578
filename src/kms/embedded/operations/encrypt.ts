import { checkContextUse, checkEncryptionUse, encryptWith } from '../cipher.ts';
import { checkContext } from '../context.ts';
import { dryRun } from '../fault.ts';
import { authorize } from '../model/authorize.ts';
import { findKey, requireState } from '../model/find.ts';
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
    const context = input.EncryptionContext;
    checkContext(context);
    const key = findKey(world, input.KeyId, caller);
    authorize(world, { key, caller, action: 'Encrypt', context, grantTokens: input.GrantTokens });
    requireState(key);
    checkEncryptionUse(key, 'Encrypt', algorithm);
    checkContextUse(key, context);
    const { blob } = encryptWith(world, input.Plaintext, { key, algorithm, context });
    if (input.DryRun) throw dryRun();
    return { CiphertextBlob: blob, KeyId: key.arn, EncryptionAlgorithm: algorithm };
  },
);
