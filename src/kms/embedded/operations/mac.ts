import { createHmac, timingSafeEqual } from 'node:crypto';
import { materialOf } from '../cipher.ts';
import { dryRun, fault } from '../fault.ts';
import type { Key } from '../model/key.ts';
import { required, structure } from '../shape/collections.ts';
import { blob, flag, text } from '../shape/scalars.ts';
import * as shapes from '../shape/shapes.ts';
import { usableKey } from '../use.ts';
import { operation } from './operation.ts';

const members = {
  Message: required(shapes.plaintext),
  KeyId: required(shapes.keyId),
  MacAlgorithm: required(
    text({ values: ['HMAC_SHA_384', 'HMAC_SHA_256', 'HMAC_SHA_224', 'HMAC_SHA_512'] }),
  ),
  GrantTokens: shapes.grantTokens,
  DryRun: flag,
};

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateMac.html */
export const generateMac = operation(structure(members), (world, input, caller) => {
  const { MacAlgorithm: algorithm, GrantTokens: grantTokens } = input;
  const use = { caller, operation: 'GenerateMac', usage: USAGE, algorithm, grantTokens };
  const key = usableKey(world, input.KeyId, use);
  if (input.DryRun) throw dryRun();
  const mac = macOf(key, algorithm, input.Message);
  return { Mac: mac, MacAlgorithm: algorithm, KeyId: key.arn };
});

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_VerifyMac.html */
export const verifyMac = operation(
  structure({ ...members, Mac: required(blob({ min: 1, max: 6144 })) }),
  (world, input, caller) => {
    const { MacAlgorithm: algorithm, GrantTokens: grantTokens } = input;
    const use = { caller, operation: 'VerifyMac', usage: USAGE, algorithm, grantTokens };
    const key = usableKey(world, input.KeyId, use);
    const mac = macOf(key, algorithm, input.Message);
    if (mac.length !== input.Mac.length || !timingSafeEqual(mac, input.Mac)) {
      throw fault('KMSInvalidMacException', '');
    }
    if (input.DryRun) throw dryRun();
    return { KeyId: key.arn, MacValid: true, MacAlgorithm: algorithm };
  },
);

const USAGE = 'GENERATE_VERIFY_MAC' as const;

function macOf(key: Key, algorithm: string, message: Uint8Array): Buffer {
  const hash = `sha${algorithm.slice('HMAC_SHA_'.length)}`;
  return createHmac(hash, materialOf(key).secret).update(message).digest();
}
