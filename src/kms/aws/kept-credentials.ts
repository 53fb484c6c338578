import type { Credentials } from './signer.ts';

type Expiring = Credentials & { readonly expiration?: Date | undefined };

/** Within this time of their end the SDK renews credentials, and so has to be asked. */
const RENEWED_MS = 300_000;

/**
 * Credentials that the SDK would hand out again unseen are not asked for again: its way to them is a
 * chain of promises, dearer than the signature. What cannot expire is read once, as by the SDK.
 */
export function keepCredentials(
  provide: () => Promise<Expiring>,
  now: () => number = Date.now,
): () => Credentials | Promise<Credentials> {
  let kept: Expiring | undefined;

  return () => {
    if (kept && holds(kept, now())) return kept;
    kept = undefined;
    return provide().then((provided) => {
      kept = provided;
      return provided;
    });
  };
}

function holds({ expiration }: Expiring, nowMs: number): boolean {
  return expiration === undefined || expiration.getTime() - nowMs > RENEWED_MS;
}
