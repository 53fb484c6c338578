import type { Renewal } from './renewal.ts';
import { type Expiring as Ends, RENEWED_MS } from './renewed-credentials.ts';
import type { Credentials } from './signer.ts';

type Expiring = Credentials & Ends;

/** From when they may be renewed their source must be asked, but not with every call. */
const ASKED_EVERY_MS = 1_000;

/**
 * Keeps credentials as long as their source would return the same ones: the SDK's chain of promises costs more
 * than the signature. Credentials that cannot expire are read once, as the SDK does.
 */
export function keepCredentials(
  provide: () => Promise<Expiring>,
  renewal: Pick<Renewal, 'isDue'>,
  now: () => number = Date.now,
): () => Credentials | Promise<Credentials> {
  let kept: Expiring | undefined;
  let askedAt = 0;

  return () => {
    if (kept && !renewal.isDue() && holds(kept, { now: now(), askedAt })) return kept;
    kept = undefined;
    askedAt = now();
    return provide().then((provided) => {
      kept = provided;
      return provided;
    });
  };
}

function holds({ expiration }: Expiring, at: { now: number; askedAt: number }): boolean {
  if (expiration === undefined) return true;
  const leftMs = expiration.getTime() - at.now;
  return leftMs > RENEWED_MS || (leftMs > 0 && at.now - at.askedAt < ASKED_EVERY_MS);
}
