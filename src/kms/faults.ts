import type { Side } from '../call.ts';
import { type Reason, Refusal, sentenceFor, toRefusal } from '../errors.ts';
import { type Kms, KmsFault } from './port.ts';
import type { KmsRequest } from './request.ts';

/** The key ids that were sent to KMS; its message shows by them which side it means. */
interface SentKeys {
  readonly source: string;
  readonly destination: string;
}

/**
 * A backend whose every method rejects with a Refusal. An error that already is one, such as the reason
 * of an aborted signal, passes unchanged.
 */
export function refuseFaults(kms: Kms): Kms {
  return {
    reEncrypt: (request) =>
      kms.reEncrypt(request).catch((thrown) => {
        throw faultToRefusal(thrown, sentKeys(request));
      }),
    describeKey: (keyId, signal) => kms.describeKey(keyId, signal).catch(refuse),
    listAliases: (keyArn, signal) => kms.listAliases(keyArn, signal).catch(refuse),
    listResourceTags: (keyArn, signal) => kms.listResourceTags(keyArn, signal).catch(refuse),
    getPublicKey: (keyId, signal) => kms.getPublicKey(keyId, signal).catch(refuse),
    sign: (request) => kms.sign(request).catch(refuse),
    close: () => kms.close(),
  };
}

/** What a KMS failure means to the caller. The fault itself stays in `cause`, only for the log. */
export function faultToRefusal(thrown: unknown, sent?: SentKeys): Refusal {
  if (!(thrown instanceof KmsFault)) return toRefusal(thrown);
  const reason = reasonOf(thrown);
  const side = sideOf(thrown, sent);
  return new Refusal(reason, {
    // Not KMS's message, which may name the proxy's role.
    sentence: sentenceFor(reason, side),
    side,
    kmsError: thrown.httpStatus === 0 || NAMELESS.has(thrown.code) ? '' : thrown.code,
    kmsRequestId: thrown.requestId,
    cause: thrown,
    retryAfterMs: RETRY_AFTER_MS[reason],
  });
}

/** Our words where whatever answered gave its error no name. */
const NAMELESS = new Set(['MalformedAnswer', 'UnknownError']);

const sentKeys = ({ source, destination }: KmsRequest): SentKeys => ({
  source: source.keyId,
  destination: destination.keyId,
});

function refuse(thrown: unknown): never {
  throw faultToRefusal(thrown);
}

/**
 * By name first, because KMS answers almost every error with 400. The status decides only if the name
 * is unknown, as for the HTML page of a load balancer.
 */
function reasonOf({ code, httpStatus }: KmsFault): Reason {
  const named = Object.hasOwn(REASON_BY_CODE, code) ? REASON_BY_CODE[code] : undefined;
  if (named !== undefined) return named;
  if (httpStatus === 0) return 'KMS_UNREACHABLE';
  if (httpStatus === 429) return 'KMS_THROTTLED';
  if (httpStatus >= 500) return 'KMS_UNAVAILABLE';
  // An unreadable success or a redirect: whatever answered, it was not a working KMS.
  return httpStatus < 400 ? 'KMS_UNAVAILABLE' : 'INTERNAL';
}

// biome-ignore format: a table reads best with a name a line.
/**
 * https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html#API_ReEncrypt_Errors and
 * https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html
 */
const REASON_BY_CODE: Readonly<Record<string, Reason>> = {
  AccessDeniedException: 'KMS_ACCESS_DENIED',
  AccessDenied: 'KMS_ACCESS_DENIED',
  NotFoundException: 'KMS_KEY_NOT_FOUND',
  DisabledException: 'KMS_KEY_DISABLED',
  KMSInvalidStateException: 'KMS_KEY_INVALID_STATE',
  InvalidKeyUsageException: 'KMS_KEY_USAGE',
  InvalidCiphertextException: 'KMS_INVALID_CIPHERTEXT',
  IncorrectKeyException: 'KMS_INCORRECT_KEY',
  InvalidGrantTokenException: 'KMS_INVALID_GRANT_TOKEN',
  ValidationException: 'KMS_VALIDATION',
  ValidationError: 'KMS_VALIDATION',
  InvalidArnException: 'KMS_VALIDATION',
  UnsupportedOperationException: 'KMS_VALIDATION',
  ThrottlingException: 'KMS_THROTTLED',
  Throttling: 'KMS_THROTTLED',
  TooManyRequestsException: 'KMS_THROTTLED',
  RequestLimitExceeded: 'KMS_THROTTLED',
  LimitExceededException: 'KMS_THROTTLED',
  KeyUnavailableException: 'KMS_UNAVAILABLE',
  DependencyTimeoutException: 'KMS_UNAVAILABLE',
  KMSInternalException: 'KMS_UNAVAILABLE',
  InternalFailure: 'KMS_UNAVAILABLE',
  ServiceUnavailable: 'KMS_UNAVAILABLE',
  ServiceUnavailableException: 'KMS_UNAVAILABLE',
  ExpiredTokenException: 'PROXY_CREDENTIALS',
  ExpiredToken: 'PROXY_CREDENTIALS',
  UnrecognizedClientException: 'PROXY_CREDENTIALS',
  InvalidClientTokenId: 'PROXY_CREDENTIALS',
  InvalidSignatureException: 'PROXY_CREDENTIALS',
  SignatureDoesNotMatch: 'PROXY_CREDENTIALS',
  IncompleteSignature: 'PROXY_CREDENTIALS',
  IncompleteSignatureException: 'PROXY_CREDENTIALS',
  MissingAuthenticationToken: 'PROXY_CREDENTIALS',
  MissingAuthenticationTokenException: 'PROXY_CREDENTIALS',
  RequestExpired: 'PROXY_CREDENTIALS',
  OptInRequired: 'PROXY_CREDENTIALS',
  CredentialsProviderError: 'PROXY_CREDENTIALS',
  TokenProviderError: 'PROXY_CREDENTIALS',
};

/** When a caller may try again, where trying again can help. */
const RETRY_AFTER_MS: Partial<Record<Reason, number>> = {
  KMS_THROTTLED: 1000,
  KMS_UNAVAILABLE: 200,
  KMS_UNREACHABLE: 200,
  PROXY_CREDENTIALS: 1000,
};

/** These are about the ciphertext, and so about the source, whatever the message says. */
const ABOUT_SOURCE = new Set(['InvalidCiphertextException', 'IncorrectKeyException']);

/**
 * KMS has no field for the side that failed. Its messages name the half of the operation where a
 * permission is missing or the usage is wrong, and otherwise the key; AWS's own library reads them
 * in the same way (https://github.com/aws/aws-cryptographic-material-providers-library/pull/1235).
 */
function sideOf({ code, message }: KmsFault, sent: SentKeys | undefined): Side | '' {
  if (ABOUT_SOURCE.has(code)) return sent === undefined ? '' : 'source';
  const from = message.includes('ReEncryptFrom');
  const to = message.includes('ReEncryptTo');
  if (from !== to) return from ? 'source' : 'destination';
  if (sent === undefined) return '';
  const source = names(message, sent.source);
  const destination = names(message, sent.destination);
  if (source === destination) return '';
  return source ? 'source' : 'destination';
}

/** `alias/app` must not be found in `alias/app-2`. */
function names(message: string, keyId: string): boolean {
  if (keyId === '') return false;
  for (let at = message.indexOf(keyId); at >= 0; at = message.indexOf(keyId, at + 1)) {
    const before = message[at - 1] ?? ' ';
    const after = message[at + keyId.length] ?? ' ';
    if (!KEY_ID_CHARACTER.test(before) && !KEY_ID_CHARACTER.test(after)) return true;
  }
  return false;
}

const KEY_ID_CHARACTER = /[a-zA-Z0-9:/_-]/;
