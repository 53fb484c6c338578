// Original file: proto/kms/reencrypt/v1/reencrypt.proto


export interface DecisionReason {
  'code'?: (string);
  'message'?: (string);
  'side'?: (string);
}

export interface DecisionReason__Output {
  'code': (string);
  'message': (string);
  'side': (string);
}
