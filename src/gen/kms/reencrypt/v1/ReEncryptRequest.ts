// Original file: proto/kms/reencrypt/v1/reencrypt.proto

import type { EncryptionAlgorithm as _kms_reencrypt_v1_EncryptionAlgorithm, EncryptionAlgorithm__Output as _kms_reencrypt_v1_EncryptionAlgorithm__Output } from '../../../kms/reencrypt/v1/EncryptionAlgorithm.ts';
import type { DryRunModifier as _kms_reencrypt_v1_DryRunModifier, DryRunModifier__Output as _kms_reencrypt_v1_DryRunModifier__Output } from '../../../kms/reencrypt/v1/DryRunModifier.ts';

export interface ReEncryptRequest {
  'ciphertextBlob'?: (Buffer | Uint8Array | string);
  'sourceEncryptionContext'?: ({[key: string]: string});
  'sourceKeyId'?: (string);
  'destinationKeyId'?: (string);
  'destinationEncryptionContext'?: ({[key: string]: string});
  'sourceEncryptionAlgorithm'?: (_kms_reencrypt_v1_EncryptionAlgorithm);
  'destinationEncryptionAlgorithm'?: (_kms_reencrypt_v1_EncryptionAlgorithm);
  'grantTokens'?: (string)[];
  'dryRun'?: (boolean);
  'dryRunModifiers'?: (_kms_reencrypt_v1_DryRunModifier)[];
  '_sourceKeyId'?: "sourceKeyId";
}

export interface ReEncryptRequest__Output {
  'ciphertextBlob': (Buffer);
  'sourceEncryptionContext': ({[key: string]: string});
  'sourceKeyId'?: (string);
  'destinationKeyId': (string);
  'destinationEncryptionContext': ({[key: string]: string});
  'sourceEncryptionAlgorithm': (_kms_reencrypt_v1_EncryptionAlgorithm__Output);
  'destinationEncryptionAlgorithm': (_kms_reencrypt_v1_EncryptionAlgorithm__Output);
  'grantTokens': (string)[];
  'dryRun': (boolean);
  'dryRunModifiers': (_kms_reencrypt_v1_DryRunModifier__Output)[];
  '_sourceKeyId'?: "sourceKeyId";
}
