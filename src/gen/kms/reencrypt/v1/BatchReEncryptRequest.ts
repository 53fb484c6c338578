// Original file: proto/kms/reencrypt/v1/reencrypt.proto

import type { BatchReEncryptItem as _kms_reencrypt_v1_BatchReEncryptItem, BatchReEncryptItem__Output as _kms_reencrypt_v1_BatchReEncryptItem__Output } from '../../../kms/reencrypt/v1/BatchReEncryptItem.ts';

export interface BatchReEncryptRequest {
  'items'?: (_kms_reencrypt_v1_BatchReEncryptItem)[];
}

export interface BatchReEncryptRequest__Output {
  'items': (_kms_reencrypt_v1_BatchReEncryptItem__Output)[];
}
