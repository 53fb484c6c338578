import {
  createPublicKey,
  type KeyObject,
  sign as nodeSign,
  verify as nodeVerify,
} from 'node:crypto';
import { materialOf } from '../cipher.ts';
import { dryRun, fault } from '../fault.ts';
import { required, structure } from '../shape/collections.ts';
import { blob, flag, text } from '../shape/scalars.ts';
import * as shapes from '../shape/shapes.ts';
import { digestOf, schemeOf } from '../signing/algorithm.ts';
import * as ecdsa from '../signing/ecdsa.ts';
import * as rsa from '../signing/rsa.ts';
import { usableKey } from '../use.ts';
import { operation } from './operation.ts';

const members = {
  KeyId: required(shapes.keyId),
  Message: required(shapes.plaintext),
  MessageType: text({ values: ['DIGEST', 'RAW', 'EXTERNAL_MU'] }),
  SigningAlgorithm: required(
    text({
      values: [
        'RSASSA_PKCS1_V1_5_SHA_256',
        'RSASSA_PKCS1_V1_5_SHA_384',
        'RSASSA_PKCS1_V1_5_SHA_512',
        'RSASSA_PSS_SHA_256',
        'RSASSA_PSS_SHA_384',
        'RSASSA_PSS_SHA_512',
        'ECDSA_SHA_256',
        'ECDSA_SHA_384',
        'ECDSA_SHA_512',
        'SM2DSA',
        'ML_DSA_SHAKE_256',
        'ED25519_SHA_512',
        'ED25519_PH_SHA_512',
      ],
    }),
  ),
  GrantTokens: shapes.grantTokens,
  DryRun: flag,
};
const USAGE = 'SIGN_VERIFY' as const;

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html */
export const sign = operation(structure(members), (world, input, caller) => {
  const { SigningAlgorithm: algorithm, GrantTokens: grantTokens } = input;
  const use = { caller, operation: 'Sign', usage: USAGE, algorithm, grantTokens };
  const key = usableKey(world, input.KeyId, use);
  const digest = digestOf(input.Message, input.MessageType, algorithm);
  if (input.DryRun) throw dryRun();
  const { secret } = materialOf(key);
  const signature = signed(secret, { message: input.Message, digest, algorithm });
  return { KeyId: key.arn, Signature: signature, SigningAlgorithm: algorithm };
});

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_Verify.html */
export const verify = operation(
  structure({ ...members, Signature: required(blob({ min: 1, max: 6144 })) }),
  (world, input, caller) => {
    const { SigningAlgorithm: algorithm, GrantTokens: grantTokens } = input;
    const use = { caller, operation: 'Verify', usage: USAGE, algorithm, grantTokens };
    const key = usableKey(world, input.KeyId, use);
    const digest = digestOf(input.Message, input.MessageType, algorithm);
    const { secret } = materialOf(key);
    const what = { message: input.Message, digest, algorithm };
    if (!isValid(secret, what, input.Signature)) throw fault('KMSInvalidSignatureException', '');
    if (input.DryRun) throw dryRun();
    return { KeyId: key.arn, SignatureValid: true, SigningAlgorithm: algorithm };
  },
);

interface Signable {
  readonly message: Uint8Array;
  readonly digest: Buffer;
  readonly algorithm: string;
}

function signed(key: KeyObject, { message, digest, algorithm }: Signable): Buffer {
  const scheme = schemeOf(algorithm);
  if (scheme.scheme === 'ed25519') return nodeSign(null, message, key);
  return scheme.scheme === 'ecdsa'
    ? ecdsa.signDigest(key, digest)
    : rsa.signDigest(key, digest, scheme);
}

function isValid(
  key: KeyObject,
  { message, digest, algorithm }: Signable,
  signature: Uint8Array,
): boolean {
  const scheme = schemeOf(algorithm);
  if (scheme.scheme === 'ed25519') {
    return nodeVerify(null, message, createPublicKey(key), signature);
  }
  return scheme.scheme === 'ecdsa'
    ? ecdsa.verifyDigest(key, { digest, signature })
    : rsa.verifyDigest(key, { digest, signature }, scheme);
}
