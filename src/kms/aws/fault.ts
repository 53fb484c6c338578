import { Refusal } from '../../errors.ts';
import { KmsFault } from '../port.ts';

/** Rejects as soon as the signal aborts, with its reason, and otherwise with a KmsFault. Work for nobody is not begun. */
export async function orAbort<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work(), aborted.promise]);
  } catch (thrown) {
    throw signal.aborted ? signal.reason : toFault(thrown);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/**
 * The same for a wait for credentials: the end of the caller's time says that there were none, and nothing of KMS, which
 * has not been asked.
 */
export async function orNoCredentials<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    return await orAbort(signal, work);
  } catch (thrown) {
    if (!(thrown instanceof Refusal) || thrown.reason !== 'DEADLINE_EXCEEDED') throw thrown;
    throw new KmsFault('CredentialsProviderError', 'no credentials within the time of the call', {
      cause: thrown,
    });
  }
}

/**
 * What the SDK threw → KmsFault. Errors that KMS does not model (ThrottlingException,
 * AccessDeniedException) have no class of their own, so this reads names and metadata, never
 * classes. What is neither an answer nor a transport failure is returned as it came.
 */
function toFault(thrown: unknown): unknown {
  if (!(thrown instanceof Error) || thrown instanceof KmsFault) return thrown;
  const lost = transportCode(thrown);
  if (lost !== '') return new KmsFault(lost, thrown.message, { cause: thrown });
  const { httpStatusCode: httpStatus, requestId = '' } = metadataOf(thrown);
  if (httpStatus === undefined) return thrown;
  // The SDK's parser met a page of what stands before KMS, such as a load balancer.
  if (thrown.name === 'SyntaxError') return notJson({ httpStatus, requestId, cause: thrown });
  // … or its reader members of another type than KMS's.
  const code = httpStatus < 300 ? 'MalformedAnswer' : thrown.name;
  return new KmsFault(code, thrown.message, { httpStatus, requestId, cause: thrown });
}

/** KMS answered, but without what the answer is for. */
export function partial(what: string, { $metadata }: { readonly $metadata: Metadata }): KmsFault {
  const { httpStatusCode: httpStatus = 200, requestId = '' } = $metadata;
  return new KmsFault('MalformedAnswer', `KMS answered ${what}`, { httpStatus, requestId });
}

/** Something answered, but hardly KMS. */
export function notJson(answer: Unreadable): KmsFault {
  const what = `something that is not JSON, with HTTP status ${answer.httpStatus}`;
  return new KmsFault('MalformedAnswer', `KMS answered with ${what}`, answer);
}

interface Unreadable {
  readonly httpStatus: number;
  readonly requestId: string;
  readonly cause: unknown;
}

interface Metadata {
  readonly httpStatusCode?: number | undefined;
  readonly requestId?: string | undefined;
}

function metadataOf(error: Error & { readonly $metadata?: Metadata }): Metadata {
  return error.$metadata ?? {};
}

/**
 * Failures without a whole answer: of the way there (`ECONNREFUSED`; after the head of an answer too,
 * where the SDK adds metadata), or of the proxy's own credentials.
 */
function transportCode(error: Error & { readonly code?: unknown }): string {
  if (error.name.endsWith('ProviderError')) return error.name;
  // Node's parser: the bytes are no answer of HTTP.
  if (typeof error.code === 'string') return error.code.replace(/^HPE_.*/, 'MalformedAnswer');
  return error.name === 'TimeoutError' ? error.name : '';
}
