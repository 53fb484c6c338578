import type { Credentials } from './signer.ts';

type Expiring = Credentials & { readonly expiration?: Date | undefined };

/** The SDK renews credentials this long before they expire, so from then on it must be asked. */
const RENEWED_MS = 300_000;

/**
 * Keeps credentials as long as the SDK would return the same ones: its chain of promises costs more
 * than the signature. Credentials that cannot expire are read once, as the SDK does.
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
