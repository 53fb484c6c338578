import type { Renewal } from './renewal.ts';
import type { Expiring as Ends } from './renewed-credentials.ts';
import type { Credentials } from './signer.ts';

type Expiring = Credentials & Ends;

/** Whether they are to be renewed their source knows, but it need not be asked by every call. */
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
  // Negative where the clock was put back.
  const ageMs = at.now - at.askedAt;
  return at.now < expiration.getTime() && ageMs >= 0 && ageMs < ASKED_EVERY_MS;
}
