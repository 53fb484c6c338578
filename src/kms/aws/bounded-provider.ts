/** A healthy credentials service answers in a fraction of this. */
const LIMIT_MS = 3000;

/**
 * A provider that cannot hang: the SDK's own waits forever if a credentials service accepts a
 * connection and never answers, and every later call would wait with it. After the limit the provider
 * is dropped with its pending request, and the next call starts with a new one.
 *
 * @throws CredentialsProviderError only. Errors of STS, its host or the token file would otherwise look
 * like KMS's own: STS too can answer AccessDenied or refuse a connection.
 */
export function boundProvider<Args extends unknown[], T>(
  make: () => (...args: Args) => Promise<T>,
  limitMs = LIMIT_MS,
): (...args: Args) => Promise<T> {
  let provider = make();

  return async (...args) => {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      provider = make();
      late.reject(new Error(`none within ${limitMs} ms`));
    }, limitMs);
    try {
      return await Promise.race([provider(...args), late.promise]);
    } catch (cause) {
      throw noCredentials(cause);
    } finally {
      clearTimeout(timer);
    }
  };
}

/** If a host has several addresses and all fail, the error has a code but no message. */
function noCredentials(cause: unknown): Error {
  const { message = '', code = '' } = cause as { message?: string; code?: string };
  const error = new Error(`no credentials: ${message || code}`, { cause });
  error.name = 'CredentialsProviderError';
  return error;
}
