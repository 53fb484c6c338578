import type { KeyDescription, KmsAnswer } from '../call.ts';
import type { KmsRequest } from './request.ts';

/**
 * What the proxy needs of a KMS. Failures are KmsFault; an abort rejects with the signal's reason.
 * The answer is not trusted: `confirm` checks it.
 */
export interface Kms {
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

interface PublicKey {
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

/** The longest message of an answer that is kept: it goes to the log, once for each call. */
const MOST_CHARACTERS = 1024;
const NAME = /^\w[\w.-]{0,127}$/;
const ID = /^[!-~]{1,128}$/;

/** An id out of an answer, or '' for text that is not one: a trailer that is too long ends its connection. */
export const asId = (text: string): string => (ID.test(text) ? text : '');

/** A failure as KMS or the way to it reported it; `kms/faults.ts` says which reason it is. */
export class KmsFault extends Error {
  override readonly name = 'KmsFault';
  /** `NotFoundException`, `ThrottlingException`, …; for transport failures the error code (`ECONNREFUSED`); `UnknownError` for what cannot be a name. */
  readonly code: string;
  /** 0 when there was no HTTP answer. */
  readonly httpStatus: number;
  readonly requestId: string;

  constructor(
    code: string,
    message: string,
    facts: { httpStatus?: number; requestId?: string; cause?: unknown } = {},
  ) {
    super(message.slice(0, MOST_CHARACTERS), { cause: facts.cause });
    this.code = NAME.test(code) ? code : 'UnknownError';
    this.httpStatus = facts.httpStatus ?? 0;
    this.requestId = asId(facts.requestId ?? '');
  }
}
