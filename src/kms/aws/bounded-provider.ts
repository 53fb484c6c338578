/** A credentials service that is well answers in a fraction of this. */
const LIMIT_MS = 3000;

/**
 * A provider that may not hang: the SDK's own waits for ever where a credentials service takes a
 * connection and never answers, and every later call would wait with it. Past the limit the provider
 * is thrown away with what it waits for, and the next call starts with a new one.
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
      const error = new Error(`no credentials within ${limitMs} ms`);
      error.name = 'CredentialsProviderError';
      late.reject(error);
    }, limitMs);
    try {
      return await Promise.race([provider(...args), late.promise]);
    } finally {
      clearTimeout(timer);
    }
  };
}
