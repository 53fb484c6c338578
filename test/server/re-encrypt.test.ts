import { expect, test } from 'vitest';
import type { Released } from '../../src/pipeline.ts';
import { toResponse } from '../../src/server/re-encrypt.ts';
import { ANSWER } from '../kms/answers.ts';
import { aPermit } from '../kms/permits.ts';

test('a response holds what KMS reported, each side with its own', () => {
  const answer = {
    ...ANSWER,
    sourceKeyArn: 'arn:a',
    destinationKeyArn: 'arn:b',
    sourceAlgorithm: 'RSAES_OAEP_SHA_1',
    destinationAlgorithm: 'SM2PKE',
    sourceKeyMaterialId: 'a',
    destinationKeyMaterialId: 'b',
  };
  const released: Pick<Released, 'call' | 'answer'> = { call: aPermit().call, answer };
  expect(toResponse(released as Released)).toEqual({
    ciphertextBlob: ANSWER.ciphertext,
    sourceKeyId: 'arn:a',
    keyId: 'arn:b',
    sourceEncryptionAlgorithm: 'ENCRYPTION_ALGORITHM_RSAES_OAEP_SHA_1',
    destinationEncryptionAlgorithm: 'ENCRYPTION_ALGORITHM_SM2PKE',
    sourceKeyMaterialId: 'a',
    destinationKeyMaterialId: 'b',
    decisionId: aPermit().call.id,
    dryRun: false,
  });
});
