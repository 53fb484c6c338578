// Original file: proto/kms/reencrypt/v1/reencrypt.proto

import type { DecisionReason as _kms_reencrypt_v1_DecisionReason, DecisionReason__Output as _kms_reencrypt_v1_DecisionReason__Output } from '../../../kms/reencrypt/v1/DecisionReason.ts';
import type { ResolvedKey as _kms_reencrypt_v1_ResolvedKey, ResolvedKey__Output as _kms_reencrypt_v1_ResolvedKey__Output } from '../../../kms/reencrypt/v1/ResolvedKey.ts';

export interface CheckReEncryptResponse {
  'allow'?: (boolean);
  'reason'?: (string);
  'reasons'?: (_kms_reencrypt_v1_DecisionReason)[];
  'rule'?: (string);
  'revision'?: (string);
  'source'?: (_kms_reencrypt_v1_ResolvedKey | null);
  'destination'?: (_kms_reencrypt_v1_ResolvedKey | null);
  'decisionId'?: (string);
}

export interface CheckReEncryptResponse__Output {
  'allow': (boolean);
  'reason': (string);
  'reasons': (_kms_reencrypt_v1_DecisionReason__Output)[];
  'rule': (string);
  'revision': (string);
  'source': (_kms_reencrypt_v1_ResolvedKey__Output | null);
  'destination': (_kms_reencrypt_v1_ResolvedKey__Output | null);
  'decisionId': (string);
}
