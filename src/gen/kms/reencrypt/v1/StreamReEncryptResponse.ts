// Original file: proto/kms/reencrypt/v1/reencrypt.proto

import type { Status as _google_rpc_Status, Status__Output as _google_rpc_Status__Output } from '../../../google/rpc/Status.ts';
import type { ReEncryptResponse as _kms_reencrypt_v1_ReEncryptResponse, ReEncryptResponse__Output as _kms_reencrypt_v1_ReEncryptResponse__Output } from '../../../kms/reencrypt/v1/ReEncryptResponse.ts';

export interface StreamReEncryptResponse {
  'reference'?: (string);
  'status'?: (_google_rpc_Status | null);
  'response'?: (_kms_reencrypt_v1_ReEncryptResponse | null);
}

export interface StreamReEncryptResponse__Output {
  'reference': (string);
  'status': (_google_rpc_Status__Output | null);
  'response': (_kms_reencrypt_v1_ReEncryptResponse__Output | null);
}
