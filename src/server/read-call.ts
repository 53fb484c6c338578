import {
  type Action,
  type Call,
  type DryRunModifier,
  ENCRYPTION_ALGORITHMS,
  type EncryptionAlgorithm,
  fingerprintOf,
} from '../call.ts';
import { type FieldViolation, invalid } from '../errors.ts';
import { type Complain, isExact, readEncryptionContext } from './read-context.ts';

/** A ReEncrypt as it came over the wire, members not yet checked; '' and [] mean left out. */
export interface WireCall {
  readonly ciphertext: Uint8Array;
  readonly sourceEncryptionContext: Readonly<Record<string, unknown>>;
  readonly sourceKeyId?: string | undefined;
  readonly destinationKeyId: string;
  readonly destinationEncryptionContext: Readonly<Record<string, unknown>>;
  readonly sourceEncryptionAlgorithm: string;
  readonly destinationEncryptionAlgorithm: string;
  readonly grantTokens: readonly string[];
  readonly dryRun: boolean;
  readonly dryRunModifiers: readonly string[];
}

/** What the transport knows about the call beside its message. */
export type Envelope = Pick<
  Call,
  'id' | 'action' | 'transport' | 'arrival' | 'job' | 'traceId' | 'receivedAt' | 'signal'
>;

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html#API_ReEncrypt_RequestParameters */
const LIMITS = {
  ciphertextBytes: 6144,
  keyIdCharacters: 2048,
  grantTokens: 10,
  grantTokenCharacters: 8192,
} as const;

/**
 * Checks everything that KMS documents about the request, and that its text is exact: what cannot
 * be carried unchanged to policy, KMS and audit alike is refused.
 * @throws Refusal INVALID_REQUEST naming every wrong field.
 */
export function readCall(wire: WireCall, envelope: Envelope): Call {
  const violations: FieldViolation[] = [];
  const complain: Complain = (field, description) => violations.push({ field, description });
  const source = {
    keyId: readKeyId('source_key_id', wire.sourceKeyId, complain),
    encryptionContext: readEncryptionContext(
      'source_encryption_context',
      wire.sourceEncryptionContext,
      complain,
    ),
    algorithm: readAlgorithm(
      'source_encryption_algorithm',
      wire.sourceEncryptionAlgorithm,
      complain,
    ),
  };
  const destination = {
    keyId: readKeyId('destination_key_id', wire.destinationKeyId, complain),
    encryptionContext: readEncryptionContext(
      'destination_encryption_context',
      wire.destinationEncryptionContext,
      complain,
    ),
    algorithm: readAlgorithm(
      'destination_encryption_algorithm',
      wire.destinationEncryptionAlgorithm,
      complain,
    ),
  };
  const dryRunModifiers = readModifiers(wire, complain);
  checkGrantTokens(wire.grantTokens, complain);
  checkCiphertext(wire, envelope.action, complain);
  checkSourceKey(wire, source.algorithm, complain);
  if (violations.length > 0) throw invalid(violations);
  return Object.freeze({
    ...envelope,
    ciphertext: wire.ciphertext,
    fingerprint: fingerprintOf(wire.ciphertext),
    source: Object.freeze(source),
    destination: Object.freeze(destination),
    grantTokens: Object.freeze([...wire.grantTokens]),
    dryRun: wire.dryRun,
    dryRunModifiers: Object.freeze(dryRunModifiers),
  });
}

function readKeyId(field: string, keyId: string | undefined, complain: Complain): string {
  if (keyId === undefined) return '';
  if (keyId.length < 1 || keyId.length > LIMITS.keyIdCharacters) {
    complain(field, `must have 1 to ${LIMITS.keyIdCharacters} characters`);
  }
  return keyId;
}

function readAlgorithm(field: string, name: string, complain: Complain): EncryptionAlgorithm {
  const algorithm = ENCRYPTION_ALGORITHMS.find((known) => known === (name || 'SYMMETRIC_DEFAULT'));
  if (algorithm) return algorithm;
  complain(field, `must be one of ${ENCRYPTION_ALGORITHMS.join(', ')}`);
  return 'SYMMETRIC_DEFAULT';
}

function readModifiers(wire: WireCall, complain: Complain): DryRunModifier[] {
  const known = wire.dryRunModifiers.filter((modifier) => modifier === 'IGNORE_CIPHERTEXT');
  if (known.length < wire.dryRunModifiers.length) {
    complain('dry_run_modifiers', 'may hold IGNORE_CIPHERTEXT alone');
  } else if (known.length > 0 && !wire.dryRun) {
    complain('dry_run_modifiers', 'may be given only with dry_run');
  }
  return known.slice(0, 1);
}

function checkGrantTokens(tokens: readonly string[], complain: Complain): void {
  if (tokens.length > LIMITS.grantTokens) {
    complain('grant_tokens', `must hold at most ${LIMITS.grantTokens} tokens`);
  }
  const fits = ({ length }: string) => length >= 1 && length <= LIMITS.grantTokenCharacters;
  const wrong = tokens.findIndex((token) => !fits(token) || !isExact(token));
  if (wrong >= 0) {
    const right = `must have 1 to ${LIMITS.grantTokenCharacters} characters of valid Unicode`;
    complain(`grant_tokens[${wrong}]`, right);
  }
}

function checkCiphertext(wire: WireCall, action: Action, complain: Complain): void {
  const { length } = wire.ciphertext;
  const ignored = wire.dryRun && wire.dryRunModifiers.includes('IGNORE_CIPHERTEXT');
  if (length > LIMITS.ciphertextBytes) {
    complain('ciphertext_blob', `must have at most ${LIMITS.ciphertextBytes} bytes`);
  } else if (length === 0 && !ignored && action === 'kms:ReEncrypt') {
    complain(
      'ciphertext_blob',
      'must not be empty, but for a dry_run with the modifier IGNORE_CIPHERTEXT',
    );
  }
}

function checkSourceKey(
  wire: WireCall,
  sourceAlgorithm: EncryptionAlgorithm,
  complain: Complain,
): void {
  if (wire.sourceKeyId !== undefined) return;
  if (sourceAlgorithm !== 'SYMMETRIC_DEFAULT') {
    complain('source_key_id', 'must be set where the source algorithm is not SYMMETRIC_DEFAULT');
  } else if (wire.dryRun) {
    complain('source_key_id', 'must be set for a dry_run, which could confirm nothing else');
  }
}
