import {
  createLocalJWKSet,
  type JWKSCacheInput,
  type JWTVerifyGetKey,
  type RemoteJWKSet,
} from 'jose';
import { NoKeysError } from './jwt.ts';

/** Each keeps a whole call, 30 KB with a long token, and an issuer may take seconds to say which keys it has. */
const MOST_WAITING = 1000;

/**
 * Bounds the tokens that wait for the issuer, whoever made them: their calls are nobody's yet, so that no other
 * limit counts them. Past that a token is looked up among the keys that are there, which `cache` has.
 */
export function boundWaiting(remote: RemoteJWKSet, cache: JWKSCacheInput): JWTVerifyGetKey {
  const known = keysIn(cache);
  let waiting = 0;
  return async (header, token) => {
    if (waiting >= MOST_WAITING) return findNow(header, token);
    waiting += 1;
    try {
      return await remote(header, token);
    } finally {
      waiting -= 1;
    }
  };

  async function findNow(...asked: Parameters<JWTVerifyGetKey>) {
    try {
      if (remote.fresh) return await known()(...asked);
    } catch {
      // The issuer may have it.
    }
    throw new NoKeysError('too many tokens wait for the issuer’s keys');
  }
}

/** Made once for each set: it keeps what it has made of its keys. */
function keysIn(cache: JWKSCacheInput): () => JWTVerifyGetKey {
  let at = 0;
  let keys: JWTVerifyGetKey | undefined;
  return () => {
    const { uat = 0, jwks = { keys: [] } } = cache;
    if (!keys || uat !== at) [at, keys] = [uat, createLocalJWKSet(jwks)];
    return keys;
  };
}
