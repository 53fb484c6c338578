// Original file: proto/kms/reencrypt/v1/reencrypt.proto


export interface ResolvedKey {
  'requestedKeyId'?: (string);
  'keyArn'?: (string);
  'aliases'?: (string)[];
  'state'?: (string);
}

export interface ResolvedKey__Output {
  'requestedKeyId': (string);
  'keyArn': (string);
  'aliases': (string)[];
  'state': (string);
}
