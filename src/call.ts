/**
 * The plain, frozen values that the stages hand on. Field names are AWS KMS's own; see
 * https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html
 */

import { hash } from 'node:crypto';
import type { EncryptionContext } from './encryption-context.ts';

export const SIDES = ['source', 'destination'] as const;
export type Side = (typeof SIDES)[number];

/** SHA-256 of a ciphertext in hex: what policy and audit see of it. */
export function fingerprintOf(ciphertext: Uint8Array): string {
  return hash('sha256', ciphertext, 'hex');
}

export const ENCRYPTION_ALGORITHMS = [
  'SYMMETRIC_DEFAULT',
  'RSAES_OAEP_SHA_1',
  'RSAES_OAEP_SHA_256',
  'SM2PKE',
] as const;
export type EncryptionAlgorithm = (typeof ENCRYPTION_ALGORITHMS)[number];

export type DryRunModifier = 'IGNORE_CIPHERTEXT';

/** One half of a ReEncrypt as the caller wrote it; `keyId` is '' if the source was left out. */
export interface CallSide {
  readonly keyId: string;
  readonly encryptionContext: EncryptionContext;
  readonly algorithm: EncryptionAlgorithm;
}

export const ACTIONS = ['kms:ReEncrypt', 'kms:CheckReEncrypt'] as const;
export type Action = (typeof ACTIONS)[number];

export const TRANSPORTS = ['grpc', 'kms_json'] as const;
type Transport = (typeof TRANSPORTS)[number];

/** A validated ReEncrypt in our own form, after the wire and before any stage. */
export interface Call {
  /** The decision id: a UUID, returned to the caller and written to every audit entry. */
  readonly id: string;
  readonly action: Action;
  readonly transport: Transport;
  readonly arrival: Arrival;
  readonly ciphertext: Uint8Array;
  /** `fingerprintOf` the ciphertext. */
  readonly fingerprint: string;
  readonly source: CallSide;
  readonly destination: CallSide;
  readonly grantTokens: readonly string[];
  readonly dryRun: boolean;
  readonly dryRunModifiers: readonly DryRunModifier[];
  /** Id of the batch or stream that the call came in, or ''. */
  readonly job: string;
  /** W3C trace id (32 hex characters) of the caller's `traceparent`, or ''. */
  readonly traceId: string;
  /** Milliseconds since the Unix epoch: the one time that policy sees in both phases. */
  readonly receivedAt: number;
  /** Aborted when the caller cancels or the (clamped) deadline passes. */
  readonly signal: AbortSignal;
}

/** What the transport knows of the caller, read once per connection if possible. */
export interface Arrival {
  /** `127.0.0.1:51234`, or the path of the Unix socket that was connected to. */
  readonly peer: string;
  /** Name given to the listener's Unix socket in the configuration, or ''. */
  readonly socketIdentity: string;
  /** DER of the verified client certificate, if mutual TLS was used. */
  readonly certificate?: Uint8Array;
  /** Trust domains whose own CAs have signed it; left out if only one domain's CAs are trusted. */
  readonly trustDomains?: readonly string[];
  /** The `authorization` header as sent, or ''. Never logged. */
  readonly authorization: string;
  /** Id of the configured access key whose SigV4 signature verified, or ''. */
  readonly accessKeyId: string;
}

export const PRINCIPAL_KINDS = ['spiffe', 'mtls', 'jwt', 'uds', 'access_key', 'anonymous'] as const;

export type PrincipalKind = (typeof PRINCIPAL_KINDS)[number];

export interface Principal {
  readonly id: string;
  readonly kind: PrincipalKind;
  readonly authenticated: boolean;
  readonly spiffe: { readonly trustDomain: string; readonly path: string };
  readonly attributes: Readonly<Record<string, string>>;
}

/** DescribeKey's KeyMetadata, as far as policy can see it. */
export interface KeyDescription {
  readonly arn: string;
  readonly keyId: string;
  readonly spec: string;
  readonly usage: string;
  readonly origin: string;
  readonly manager: string;
  readonly state: string;
  readonly multiRegion: boolean;
  /** PRIMARY, REPLICA or ''. */
  readonly multiRegionType: string;
  /** When the key was made, in milliseconds since the Unix epoch; 0 if KMS does not say. */
  readonly createdAt: number;
}

export const KEY_ID_FORMS = ['key_id', 'key_arn', 'alias_name', 'alias_arn', ''] as const;
export type KeyIdForm = (typeof KEY_ID_FORMS)[number];

/**
 * What a key id stood for when it was resolved. A field without a value is '' / [] / {} / false,
 * never absent; facts that the configuration switches off are named in `factsOff`.
 */
export interface KeyFacts extends Omit<KeyDescription, 'arn'> {
  /** False only for a source key that the caller left out. */
  readonly known: boolean;
  readonly requestedKeyId: string;
  readonly keyIdForm: KeyIdForm;
  readonly keyArn: string;
  readonly partition: string;
  readonly account: string;
  readonly region: string;
  /** `alias/…` as used in the request, '' if none was. */
  readonly alias: string;
  readonly aliases: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  readonly factsOff: readonly string[];
}

export interface ResolvedKeys {
  readonly source: KeyFacts;
  readonly destination: KeyFacts;
}

export const PHASES = ['request', 'result'] as const;
export type Phase = (typeof PHASES)[number];

export interface DecisionReason {
  readonly code: string;
  readonly message: string;
  readonly side: Side | '';
}

/** One answer of the policy decision point. `effect` is `allow` only after strict validation. */
export interface Decision {
  readonly phase: Phase;
  readonly effect: 'allow' | 'deny';
  /** Why the decision point could not give the policy's own answer; '' when it could. */
  readonly failure:
    | ''
    | 'POLICY_UNDEFINED'
    | 'POLICY_INVALID'
    | 'POLICY_TIMEOUT'
    | 'POLICY_FAILED'
    | 'POLICY_NOT_LOADED'
    | 'POLICY_STALE';
  readonly reasons: readonly DecisionReason[];
  readonly rule: string;
  readonly allowUnknownSource: boolean;
  /** The policy would allow it if the source key were named; `effect` is deny. */
  readonly sourceRequired: boolean;
  readonly labels: Readonly<Record<string, string>>;
  /** Revision of the one bundle that decided. */
  readonly revision: string;
  /** False in observe mode, where a denial is recorded and overridden. */
  readonly enforced: boolean;
  readonly evaluationNs: number;
  /** Identity of the bundle generation, so that the result phase asks the same one. */
  readonly bundle: object | undefined;
}

/** What KMS answered, in the shape that its API documents. */
export interface KmsAnswer {
  /** Empty for a dry run. */
  readonly ciphertext: Uint8Array;
  readonly sourceKeyArn: string;
  readonly destinationKeyArn: string;
  readonly sourceAlgorithm: string;
  readonly destinationAlgorithm: string;
  /** 64 hex characters for a symmetric side, otherwise ''. */
  readonly sourceKeyMaterialId: string;
  readonly destinationKeyMaterialId: string;
  /** True when KMS said that the call would have succeeded (DryRunOperationException). */
  readonly dryRun: boolean;
  readonly requestId: string;
  readonly attempts: number;
  readonly latencyNs: number;
}

/** Everything that is known of one call so far; the spine adds to it and `audit/` writes it down. */
export interface Progress {
  readonly call: Call;
  readonly principal: Principal;
  readonly keys?: ResolvedKeys;
  readonly decision?: Decision;
  /** True from just before the durable `intent`: the terminal entry is then an `outcome`. */
  readonly intended?: true;
  readonly answer?: KmsAnswer;
}

/** A call whose keys are resolved, ready to be judged. */
export type Resolved = Progress & { readonly keys: ResolvedKeys };
