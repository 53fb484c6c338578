const REST_MS = 1_000;

/**
 * The same function, which for a second after a failure fails in the same way without being called again:
 * a source that is in trouble, and whose quota others share, is not asked with every call.
 */
export function keepFailure<Args extends unknown[], Output>(
  ask: (...args: Args) => Promise<Output>,
  now: () => number = () => performance.now(),
): (...args: Args) => Promise<Output> {
  let failure: unknown;
  let failedAt = Number.NEGATIVE_INFINITY;
  return async (...args) => {
    if (now() - failedAt < REST_MS) throw failure;
    try {
      return await ask(...args);
    } catch (thrown) {
      failure = thrown;
      failedAt = now();
      throw thrown;
    }
  };
}
