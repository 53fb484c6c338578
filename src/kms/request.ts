import type { CallSide, DryRunModifier, KeyFacts } from '../call.ts';
import type { Permit } from '../policy/permit.ts';

const permitted: unique symbol = Symbol('permitted');

/** Which key ids go to KMS: the ARNs that were judged, or what the caller wrote. */
export type KeyIds = 'resolved' | 'requested';

/** One ReEncrypt exactly as KMS gets it. Only a permit makes one. */
export interface KmsRequest {
  readonly [permitted]: true;
  readonly ciphertext: Uint8Array;
  /** `keyId` is '' where the source key is left to KMS. */
  readonly source: CallSide;
  readonly destination: CallSide;
  /** ARNs of the keys that were judged, by whatever key id they are sent; '' where `source.keyId` is. */
  readonly judged: { readonly source: string; readonly destination: string };
  readonly grantTokens: readonly string[];
  readonly dryRun: boolean;
  readonly dryRunModifiers: readonly DryRunModifier[];
  readonly signal: AbortSignal;
}

/** The one place that says what of a permit is sent. */
export function toKmsRequest({ call, keys }: Permit, keyIds: KeyIds): KmsRequest {
  const side = (wanted: CallSide, judged: KeyFacts): CallSide => ({
    keyId: keyIds === 'resolved' ? judged.keyArn : wanted.keyId,
    encryptionContext: wanted.encryptionContext,
    algorithm: wanted.algorithm,
  });
  return Object.freeze({
    [permitted]: true as const,
    ciphertext: call.ciphertext,
    source: side(call.source, keys.source),
    destination: side(call.destination, keys.destination),
    judged: { source: keys.source.keyArn, destination: keys.destination.keyArn },
    grantTokens: call.grantTokens,
    dryRun: call.dryRun,
    dryRunModifiers: call.dryRunModifiers,
    signal: call.signal,
  });
}
