import { ENCRYPTION_ALGORITHMS } from '../../../call.ts';

/** The members of ReEncrypt's request and response, in the order of AWS's model, with its own limits. */
export interface Shape {
  readonly name: string;
  readonly type: 'blob' | 'map' | 'string' | 'list' | 'boolean';
  /** Shortest text that the AWS CLI accepts, for a string or for a list's items; 0 is no limit. */
  readonly shortest: number;
  readonly choices: readonly string[];
  /** First sentence of AWS's documentation, for the YAML skeleton. */
  readonly summary: string;
}

const shape = (
  name: string,
  type: Shape['type'],
  summary: string,
  { shortest = 0, choices = [] }: { shortest?: number; choices?: readonly string[] } = {},
): Shape => ({ name, type, summary, shortest, choices });

const KEY_ID = { shortest: 1 };

// biome-ignore format: a table reads best with a member a line.
export const REQUEST_SHAPE: readonly Shape[] = [
  shape('CiphertextBlob', 'blob', 'Ciphertext of the data to reencrypt.'),
  shape('SourceEncryptionContext', 'map', 'Specifies the encryption context to use to decrypt the ciphertext.'),
  shape('SourceKeyId', 'string', 'Specifies the KMS key that KMS will use to decrypt the ciphertext before it is re-encrypted.', KEY_ID),
  shape('DestinationKeyId', 'string', 'A unique identifier for the KMS key that is used to reencrypt the data.', KEY_ID),
  shape('DestinationEncryptionContext', 'map', 'Specifies that encryption context to use when the reencrypting the data.'),
  shape('SourceEncryptionAlgorithm', 'string', 'Specifies the encryption algorithm that KMS will use to decrypt the ciphertext before it is reencrypted.', { choices: ENCRYPTION_ALGORITHMS }),
  shape('DestinationEncryptionAlgorithm', 'string', 'Specifies the encryption algorithm that KMS will use to reecrypt the data after it has decrypted it.', { choices: ENCRYPTION_ALGORITHMS }),
  shape('GrantTokens', 'list', 'A list of grant tokens.', { shortest: 1 }),
  shape('DryRun', 'boolean', 'Checks if your request will succeed.'),
  shape('DryRunModifiers', 'list', 'Specifies the modifiers to apply to the dry run operation.', { choices: ['IGNORE_CIPHERTEXT'] }),
];

export const RESPONSE_MEMBERS = [
  'CiphertextBlob',
  'SourceKeyId',
  'KeyId',
  'SourceEncryptionAlgorithm',
  'DestinationEncryptionAlgorithm',
  'SourceKeyMaterialId',
  'DestinationKeyMaterialId',
] as const;
