import { list, required, stringMap, structure } from './collections.ts';
import { blob, flag, integer, text } from './scalars.ts';

/** Members that several operations share, with the limits of KMS's own service model. */

export const keyId = text({ min: 1, max: 2048 });
export const justKeyId = structure({ KeyId: required(keyId) });
export const aliasName = text({ min: 1, max: 256, pattern: '^[a-zA-Z0-9:/_-]+$' });
export const description = text({ max: 8192 });
export const policy = text({
  min: 1,
  max: 131_072,
  pattern: '[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+',
});
export const policyName = text({ min: 1, max: 128, pattern: '[\\w]+' });
export const region = text({ min: 1, max: 32, pattern: '^([a-z]+-){2,3}\\d+$' });
export const principal = text({ min: 1, max: 256, pattern: '^[\\w+=,.@:/-]+$' });
export const grantId = text({ min: 1, max: 128 });
export const grantToken = text({ min: 1, max: 8192 });
export const grantTokens = list(grantToken, { max: 10 });
export const materialId = text({ min: 64, max: 64, pattern: '^[a-f0-9]+$' });

export const paging = {
  Limit: integer({ min: 1, max: 1000 }),
  Marker: text({ min: 1, max: 1024, pattern: '[\\u0020-\\u00FF]*' }),
};

const tagKey = text({ min: 1, max: 128 });
export const tagKeys = list(tagKey);
export const tags = list(
  structure({ TagKey: required(tagKey), TagValue: required(text({ max: 256 })) }),
);

export const ciphertext = blob({ min: 1, max: 6144 });
export const plaintext = blob({ min: 1, max: 4096, sensitive: true });
export const encryptionContext = stringMap;
export const encryptionAlgorithm = text({
  values: ['SM2PKE', 'SYMMETRIC_DEFAULT', 'RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'],
});
export const dryRunFlag = flag;
export const dryRunModifiers = list(text({ values: ['IGNORE_CIPHERTEXT'] }));
export const recipient = structure({
  KeyEncryptionAlgorithm: text({ values: ['RSAES_OAEP_SHA_256'] }),
  AttestationDocument: blob({ min: 1, max: 262_144 }),
});
