import { setImmediate } from 'node:timers/promises';
import { createLocalJWKSet, type JSONWebKeySet, type JWK } from 'jose';

/** Every token is tried against all of them. */
const MOST_KEYS = 1000;
/** Node verifies with smaller ones; the standard forbids it, and so does jose. */
const LEAST_RSA_BITS = 2048;

/**
 * A set without keys passes: so an issuer withdraws all that it had. One whose keys are of no use would
 * refuse every token as if the caller were to blame.
 * @throws Error if it is not a JSON Web Key Set, or no key in it can verify a token by one of the algorithms
 */
export async function checkKeySet(
  set: Partial<JSONWebKeySet> | null,
  algorithms: readonly string[],
): Promise<void> {
  if ((set?.keys?.length ?? 0) > MOST_KEYS) throw new Error(`more than ${MOST_KEYS} keys`);
  createLocalJWKSet(set as JSONWebKeySet);
  const { keys = [] } = set as JSONWebKeySet;
  for (const key of keys) {
    if (await isUsable(key, algorithms)) return;
    // A key takes up to half a millisecond, and calls must not wait for a thousand of them.
    await setImmediate();
  }
  if (keys.length > 0) throw new Error(`none of its keys is public and for ${algorithms.join()}`);
}

async function isUsable(key: JWK, algorithms: readonly string[]): Promise<boolean> {
  const find = createLocalJWKSet({ keys: [key] });
  for (const alg of algorithms) {
    try {
      const { algorithm } = await find({ alg });
      const { modulusLength: bits = LEAST_RSA_BITS } = algorithm as { modulusLength?: number };
      if (bits >= LEAST_RSA_BITS) return true;
    } catch {
      // Not for this algorithm, or broken.
    }
  }
  return false;
}
