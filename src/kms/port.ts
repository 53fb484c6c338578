import type { KeyDescription, KmsAnswer } from '../call.ts';
import type { KmsRequest } from './request.ts';

/**
 * What the proxy needs of a KMS. Failures are KmsFault; an abort rejects with the signal's reason.
 * The answer is not trusted: `confirm` checks it.
 */
export interface Kms {
  readonly name: 'aws' | 'embedded';
  /** Takes only what `kms/request.ts` made of a permit, and sends it as it stands there. */
  reEncrypt(request: KmsRequest): Promise<KmsAnswer>;
  describeKey(keyId: string, signal: AbortSignal): Promise<KeyDescription>;
  /** Alias names (`alias/…`) that point at the key now, sorted. */
  listAliases(keyArn: string, signal: AbortSignal): Promise<readonly string[]>;
  listResourceTags(keyArn: string, signal: AbortSignal): Promise<Readonly<Record<string, string>>>;
  /** The public half of a key pair. */
  getPublicKey(keyId: string, signal: AbortSignal): Promise<PublicKey>;
  /** Signs a message of at most 4,096 bytes; ECDSA signatures are DER. */
  sign(request: SignRequest): Promise<Uint8Array>;
  close(): Promise<void>;
}

export interface PublicKey {
  readonly arn: string;
  /** DER, SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
}

export interface SignRequest {
  readonly keyArn: string;
  readonly message: Uint8Array;
  readonly algorithm: 'ED25519_SHA_512' | 'ECDSA_SHA_256';
  readonly signal: AbortSignal;
}

/** A failure as KMS or the way to it reported it; `kms/faults.ts` says which reason it is. */
export class KmsFault extends Error {
  override readonly name = 'KmsFault';
  /** `NotFoundException`, `ThrottlingException`, …; for transport failures the error code (`ECONNREFUSED`). */
  readonly code: string;
  /** 0 when there was no HTTP answer. */
  readonly httpStatus: number;
  readonly requestId: string;

  constructor(
    code: string,
    message: string,
    facts: { httpStatus?: number; requestId?: string; cause?: unknown } = {},
  ) {
    super(message, { cause: facts.cause });
    this.code = code;
    this.httpStatus = facts.httpStatus ?? 0;
    this.requestId = facts.requestId ?? '';
  }
}
