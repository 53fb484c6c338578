// Original file: proto/kms/reencrypt/v1/reencrypt.proto

import type { BatchReEncryptResult as _kms_reencrypt_v1_BatchReEncryptResult, BatchReEncryptResult__Output as _kms_reencrypt_v1_BatchReEncryptResult__Output } from '../../../kms/reencrypt/v1/BatchReEncryptResult.ts';

export interface BatchReEncryptResponse {
  'results'?: (_kms_reencrypt_v1_BatchReEncryptResult)[];
}

export interface BatchReEncryptResponse__Output {
  'results': (_kms_reencrypt_v1_BatchReEncryptResult__Output)[];
}
