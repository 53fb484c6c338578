import { createPublicKey, diffieHellman, type KeyObject } from 'node:crypto';
import { materialOf } from '../cipher.ts';
import { dryRun, validation } from '../fault.ts';
import { required, structure } from '../shape/collections.ts';
import { blob, flag, text } from '../shape/scalars.ts';
import * as shapes from '../shape/shapes.ts';
import { usableKey } from '../use.ts';
import { operation } from './operation.ts';
import { refuseRecipient } from './recipient.ts';

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_DeriveSharedSecret.html */
export const deriveSharedSecret = operation(
  structure({
    KeyId: required(shapes.keyId),
    KeyAgreementAlgorithm: required(text({ values: ['ECDH'] })),
    PublicKey: required(blob({ min: 1, max: 8192 })),
    GrantTokens: shapes.grantTokens,
    DryRun: flag,
    Recipient: shapes.recipient,
  }),
  (world, input, caller) => {
    refuseRecipient(input.Recipient);
    const { KeyAgreementAlgorithm: algorithm, GrantTokens: grantTokens } = input;
    const key = usableKey(world, input.KeyId, {
      caller,
      operation: 'DeriveSharedSecret',
      usage: 'KEY_AGREEMENT',
      algorithm,
      grantTokens,
    });
    const secret = agree(materialOf(key).secret, input.PublicKey);
    if (input.DryRun) throw dryRun();
    return {
      KeyId: key.arn,
      SharedSecret: secret,
      KeyAgreementAlgorithm: algorithm,
      KeyOrigin: key.origin,
    };
  },
);

/** @throws ValidationException, without a message, for a public key of another curve or of none. */
function agree(privateKey: KeyObject, spki: Uint8Array): Buffer {
  try {
    const publicKey = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
    return diffieHellman({ privateKey, publicKey });
  } catch {
    throw validation('');
  }
}
