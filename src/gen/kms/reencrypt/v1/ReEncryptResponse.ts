// Original file: proto/kms/reencrypt/v1/reencrypt.proto

import type { EncryptionAlgorithm as _kms_reencrypt_v1_EncryptionAlgorithm, EncryptionAlgorithm__Output as _kms_reencrypt_v1_EncryptionAlgorithm__Output } from '../../../kms/reencrypt/v1/EncryptionAlgorithm.ts';

export interface ReEncryptResponse {
  'ciphertextBlob'?: (Buffer | Uint8Array | string);
  'sourceKeyId'?: (string);
  'keyId'?: (string);
  'sourceEncryptionAlgorithm'?: (_kms_reencrypt_v1_EncryptionAlgorithm);
  'destinationEncryptionAlgorithm'?: (_kms_reencrypt_v1_EncryptionAlgorithm);
  'sourceKeyMaterialId'?: (string);
  'destinationKeyMaterialId'?: (string);
  'decisionId'?: (string);
  'dryRun'?: (boolean);
}

export interface ReEncryptResponse__Output {
  'ciphertextBlob': (Buffer);
  'sourceKeyId': (string);
  'keyId': (string);
  'sourceEncryptionAlgorithm': (_kms_reencrypt_v1_EncryptionAlgorithm__Output);
  'destinationEncryptionAlgorithm': (_kms_reencrypt_v1_EncryptionAlgorithm__Output);
  'sourceKeyMaterialId': (string);
  'destinationKeyMaterialId': (string);
  'decisionId': (string);
  'dryRun': (boolean);
}
