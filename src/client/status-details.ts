import { type Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { type ErrorInfo, loadErrorDetails, type PackedMessage, type Unpack } from './contract.ts';
import { RefusedError, type RefusedFacts } from './refused-error.ts';

const DETAILS_TRAILER = 'grpc-status-details-bin';
const DECISION_TRAILER = 'decision_id';

/** `google.rpc.Status`, from a trailer or from an item of a batch or stream. */
interface Status {
  readonly code: number;
  readonly message: string;
  readonly details: readonly PackedMessage[];
}

/** What grpc-js reports of a failed call, with the details that its trailers carry. */
export function fromServiceError(error: ServiceError): RefusedError {
  const { code, details: message, metadata } = error;
  const unpack = loadErrorDetails();
  const details = packedDetails(metadata, unpack);
  return refused({ code, message, details }, { unpack, trailers: metadata, cause: error });
}

/** The same for one item whose own status is not OK. */
export function fromStatus(itemStatus: Status): RefusedError {
  return refused(itemStatus, { unpack: loadErrorDetails() });
}

interface Context {
  readonly unpack: Unpack;
  readonly trailers?: Metadata;
  readonly cause?: unknown;
}

function refused({ code, message, details }: Status, { unpack, trailers, cause }: Context) {
  const messages = details.slice(0, MOST_DETAILS).map((detail) => readDetail(detail, unpack));
  const facts = Object.assign(noFacts(code), ...messages) as RefusedFacts;
  const decisionId = facts.decisionId || firstText(trailers, DECISION_TRAILER);
  return new RefusedError(message, { ...facts, decisionId }, cause);
}

function noFacts(code: number): RefusedFacts {
  return {
    code: status[code] ?? 'UNKNOWN',
    reason: '',
    layer: '',
    side: '',
    rule: '',
    decisionId: '',
    kmsError: '',
    kmsRequestId: '',
    fields: [],
    retryAfterMs: undefined,
  };
}

/** Far more than the proxy sends; decoded, a detail may take a hundred times its size. */
const MOST_DETAIL_BYTES = 16 * 1024;
const MOST_DETAILS = 16;
const MOST_FIELDS = 100;
const LONGEST_DELAY_MS = 86_400_000;

/** A malformed, unknown or huge detail is ignored, as is a delay of days; the status itself still counts. */
function readDetail({ type_url, value }: PackedMessage, unpack: Unpack): Partial<RefusedFacts> {
  if (value.length > MOST_DETAIL_BYTES) return {};
  try {
    switch (type_url.slice(type_url.lastIndexOf('/') + 1)) {
      case 'google.rpc.ErrorInfo':
        return fromErrorInfo(unpack('google.rpc.ErrorInfo', value));
      case 'google.rpc.BadRequest':
        return {
          fields: unpack('google.rpc.BadRequest', value).fieldViolations.slice(0, MOST_FIELDS),
        };
      case 'google.rpc.RetryInfo': {
        const { retryDelay } = unpack('google.rpc.RetryInfo', value);
        if (retryDelay === null) return {};
        const ms = Math.ceil(Number(retryDelay.seconds) * 1000 + retryDelay.nanos / 1e6);
        return ms >= 0 && ms <= LONGEST_DELAY_MS ? { retryAfterMs: ms } : {};
      }
      default:
        return {};
    }
  } catch {
    return {};
  }
}

function fromErrorInfo({ reason, metadata }: ErrorInfo): Partial<RefusedFacts> {
  const told = (key: string) => (Object.hasOwn(metadata, key) ? (metadata[key] ?? '') : '');
  return {
    reason,
    layer: told('layer'),
    side: told('side'),
    rule: told('rule'),
    decisionId: told('decision_id'),
    kmsError: told('kms_error'),
    kmsRequestId: told('kms_request_id'),
  };
}

function packedDetails(trailers: Metadata, unpack: Unpack): readonly PackedMessage[] {
  const [bytes] = trailers.get(DETAILS_TRAILER);
  if (!(bytes instanceof Uint8Array)) return [];
  try {
    return unpack('google.rpc.Status', bytes).details;
  } catch {
    return [];
  }
}

function firstText(trailers: Metadata | undefined, key: string): string {
  const [value] = trailers?.get(key) ?? [];
  return typeof value === 'string' ? value : '';
}
