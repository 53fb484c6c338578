import { putLast } from '../caches/put-last.ts';
import type { Principal } from '../call.ts';

interface Verified {
  readonly principal: Principal;
  readonly untilMs: number;
  /** The generation of keys that verified it. */
  readonly generation: number;
}

interface TokenCache {
  get(token: string, generation: number): Principal | undefined;
  set(token: string, verified: Verified): void;
}

const MOST = 1000;

/** A bounded number of verified tokens, each until its time ends or the keys change. */
export function createTokenCache(now: () => number): TokenCache {
  const tokens = new Map<string, Verified>();

  return {
    get(token, generation) {
      const verified = tokens.get(token);
      if (!verified) return undefined;
      if (verified.generation === generation && now() < verified.untilMs) return verified.principal;
      tokens.delete(token);
      return undefined;
    },
    set: (token, verified) => putLast(tokens, [token, verified], MOST),
  };
}
