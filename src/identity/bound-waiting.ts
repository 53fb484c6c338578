import {
  createLocalJWKSet,
  type JWKSCacheInput,
  type JWTVerifyGetKey,
  type RemoteJWKSet,
} from 'jose';
import { NoKeysError } from './jwt.ts';

/** Each holds a whole call, 30 KB with a long token, while the issuer may take seconds to answer. */
const MOST_WAITING = 1000;

/**
 * Finds a token's key among the issuer's, and bounds how many tokens wait for them: their callers are not
 * known yet, so no other limit counts them. Above the bound only the keys in `cache` are tried.
 * @throws NoKeysError if we cannot tell whether the token is good
 */
export function boundWaiting(remote: RemoteJWKSet, cache: JWKSCacheInput): JWTVerifyGetKey {
  const known = keysIn(cache);
  let waiting = 0;
  return async (header, token) => {
    if (waiting >= MOST_WAITING) return findNow(header, token);
    waiting += 1;
    try {
      return await remote(header, token);
    } catch (cause) {
      throw remote.fresh ? cause : new NoKeysError('no token keys', { cause });
    } finally {
      waiting -= 1;
    }
  };

  async function findNow(...asked: Parameters<JWTVerifyGetKey>) {
    try {
      if (remote.fresh) return await known()(...asked);
    } catch {
      // The key may be new at the issuer.
    }
    throw new NoKeysError('too many tokens wait for the issuer’s keys');
  }
}

/** Made once per key set, because it caches the keys that it has imported. */
function keysIn(cache: JWKSCacheInput): () => JWTVerifyGetKey {
  let at = 0;
  let keys: JWTVerifyGetKey | undefined;
  return () => {
    const { uat = 0, jwks = { keys: [] } } = cache;
    if (!keys || uat !== at) [at, keys] = [uat, createLocalJWKSet(jwks)];
    return keys;
  };
}
