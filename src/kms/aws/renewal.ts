/** Errors with which KMS rejects credentials that were good when it took them before, or never were. */
const REJECTIONS = new Set([
  'ExpiredTokenException',
  'InvalidClientTokenId',
  'UnrecognizedClientException',
]);

/** Between two requests for credentials in place of rejected ones. */
const EVERY_MS = 1_000;

type Provide<Options, T> = (options?: Options) => Promise<T>;

/** Whether credentials are asked for anew before they end, because KMS does not take them. */
export interface Renewal {
  /** Takes note of an error of KMS, by its name. */
  note(error: string): void;
  isDue(): boolean;
  /** The same provider, which does not return what it keeps while a renewal is due. */
  wrap<Options extends object, T>(provide: Provide<Options, T>): Provide<Options, T>;
}

/**
 * Credentials are kept until a quarter of an hour before they end by our clock. KMS may reject them earlier: where they
 * were withdrawn, where our clock is slow, and where the metadata of an instance that was asleep gave old ones.
 */
export function createRenewal(now: () => number = () => performance.now()): Renewal {
  let due = false;
  let askedAt = Number.NEGATIVE_INFINITY;

  return {
    note(error) {
      if (REJECTIONS.has(error) && now() - askedAt >= EVERY_MS) due = true;
    },
    isDue: () => due,
    wrap: (provide) => async (options) => {
      if (!due) return provide(options);
      askedAt = now();
      const provided = await provide({ ...options, forceRefresh: true } as NonNullable<
        typeof options
      >);
      due = false;
      return provided;
    },
  };
}
