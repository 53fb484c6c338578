import { constants, type Http2Session } from 'node:http2';
import type { Connections } from './connections.ts';
import { watchStreams } from './watch-streams.ts';

/**
 * A client may give up every call of its connection at once, and after that so many a second, as one
 * with short deadlines does while KMS hangs.
 */
export const RESET_LIMITS = { burst: 100, perSecond: 100 } as const;

export interface ResetLimitOptions {
  /** Only connections of these are looked at. */
  readonly connections: Pick<Connections, 'owns'>;
  /** A bucket for one connection, by RESET_LIMITS; `limits/token-bucket.ts` is one. */
  readonly createBucket: () => { take(nowMs: number): number };
}

/**
 * Ends connections whose calls are reset over and over, whoever is made to reset them
 * (CVE-2023-44487, CVE-2025-8671). nghttp2 has such a limit too, but goes on through what it has
 * already read, so that every connection began 350 calls; this one ends between two frames of HTTP/2.
 */
export function limitResets({ connections, createBucket }: ResetLimitOptions): { close(): void } {
  const sessions = new WeakMap<Http2Session, ReturnType<typeof createBucket>>();

  return watchStreams({
    closed({ stream: { rstCode, session } }) {
      if (rstCode === constants.NGHTTP2_NO_ERROR) return;
      if (!session || session.destroyed || !connections.owns(session.socket)) return;
      const resets = sessions.get(session) ?? createBucket();
      sessions.set(session, resets);
      if (resets.take(performance.now()) > 0)
        session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM);
    },
  });
}
