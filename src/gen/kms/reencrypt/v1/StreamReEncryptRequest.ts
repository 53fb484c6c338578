// Original file: proto/kms/reencrypt/v1/reencrypt.proto

import type { ReEncryptRequest as _kms_reencrypt_v1_ReEncryptRequest, ReEncryptRequest__Output as _kms_reencrypt_v1_ReEncryptRequest__Output } from '../../../kms/reencrypt/v1/ReEncryptRequest.ts';

export interface StreamReEncryptRequest {
  'reference'?: (string);
  'request'?: (_kms_reencrypt_v1_ReEncryptRequest | null);
  'deadlineMs'?: (number);
}

export interface StreamReEncryptRequest__Output {
  'reference': (string);
  'request': (_kms_reencrypt_v1_ReEncryptRequest__Output | null);
  'deadlineMs': (number);
}
