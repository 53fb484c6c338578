/** A healthy credentials service answers in a fraction of this. */
const LIMIT_MS = 3000;

/** So many requests may hang before the next ones are put off: at first for as long as the limit … */
const HUNG_FREELY = 4;
/** … then for twice as long each time, up to this. */
const MOST_REST_MS = 600_000;

/** An older answer may have ended since. */
const LATE_GOOD_MS = 300_000;

interface Bounds {
  readonly limitMs?: number;
  /** Monotonic, in milliseconds. */
  readonly now?: () => number;
}

/**
 * A provider that cannot hang: the SDK's own waits forever if a credentials service accepts a
 * connection and never answers, and every later call would wait with it. After the limit the provider
 * is put aside with its pending request, and the next call starts with a new one. If the request is answered
 * first, however late, the next call gets that answer: a source may always be slower than the limit. Each
 * request that hangs keeps a connection, or a process and its pipes, which nobody can end from here: so the
 * more there are, the later the next.
 *
 * @throws CredentialsProviderError only. Errors of STS, its host or the token file would otherwise look
 * like KMS's own: STS too can answer AccessDenied or refuse a connection.
 */
export function boundProvider<Args extends unknown[], T>(
  make: () => (...args: Args) => Promise<T>,
  { limitMs = LIMIT_MS, now = () => performance.now() }: Bounds = {},
): (...args: Args) => Promise<T> {
  let provider = make();
  const hung = new Set<Promise<T>>();
  let lateAt = Number.NEGATIVE_INFINITY;
  let late: { readonly answer: T; readonly at: number } | undefined;

  const putAside = (asked: Promise<T>) => {
    provider = make();
    lateAt = now();
    hung.add(asked);
    const settled = () => hung.delete(asked);
    const took = (answer: T) => {
      if (settled()) late = { answer, at: now() };
    };
    asked.then(took, settled);
  };
  const answered = () => {
    hung.clear();
    late = undefined;
  };
  return async (...args) => {
    const given = late;
    if (given && now() - given.at < LATE_GOOD_MS) {
      answered();
      return given.answer;
    }
    if (now() - lateAt < restMs(hung.size, limitMs)) {
      throw noCredentials(new Error(`${hung.size} requests for them still hang`));
    }
    const used = provider;
    const asked = used(...args);
    const none = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      if (provider === used) putAside(asked);
      none.reject(new Error(`none within ${limitMs} ms`));
    }, limitMs);
    try {
      const provided = await Promise.race([asked, none.promise]);
      answered();
      return provided;
    } catch (cause) {
      throw noCredentials(cause);
    } finally {
      clearTimeout(timer);
    }
  };
}

function restMs(hung: number, limitMs: number): number {
  return hung < HUNG_FREELY ? 0 : Math.min(MOST_REST_MS, limitMs * 2 ** (hung - HUNG_FREELY));
}

/** If a host has several addresses and all fail, the error has a code but no message. */
function noCredentials(cause: unknown): Error {
  const { message = '', code = '' } = cause as { message?: string; code?: string };
  const error = new Error(`no credentials: ${message || code}`, { cause });
  error.name = 'CredentialsProviderError';
  return error;
}
