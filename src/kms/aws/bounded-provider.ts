/** A credentials service that is well answers in a fraction of this. */
const LIMIT_MS = 3000;

/**
 * A provider that may not hang: the SDK's own waits for ever where a credentials service takes a
 * connection and never answers, and every later call would wait with it. Past the limit the provider
 * is thrown away with what it waits for, and the next call starts with a new one.
 *
 * @throws CredentialsProviderError alone. What STS, its host or the token's file say would else pass
 * for KMS's own answer: STS too has an AccessDenied, and refuses connections.
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

/** Of a host with several addresses that all fail there is a code and no message. */
function noCredentials(cause: unknown): Error {
  const { message = '', code = '' } = cause as { message?: string; code?: string };
  const error = new Error(`no credentials: ${message || code}`, { cause });
  error.name = 'CredentialsProviderError';
  return error;
}
