import { constants, type Http2Session, type ServerHttp2Stream } from 'node:http2';
import type { Connections } from '../listener/connections.ts';
import { watchStreams } from './watch-streams.ts';

/**
 * A client may reset every call of its connection at once, and after that `perSecond`, as one with short
 * deadlines does while KMS hangs.
 */
export const RESET_LIMITS = { burst: 100, perSecond: 100 } as const;

interface ResetLimitOptions {
  /** Only these connections are watched. */
  readonly connections: Pick<Connections, 'owns'>;
  /** A bucket for one connection, by RESET_LIMITS; `limits/token-bucket.ts` is one. */
  readonly createBucket: () => { take(nowMs: number): number };
}

/**
 * Ends connections whose calls are reset over and over, by the client or by us at its provocation
 * (CVE-2023-44487, CVE-2025-8671). nghttp2 has such a limit too, but first handles what it has already
 * read, so that every connection could begin 350 calls; here no call begins after the limit.
 */
export function limitResets({ connections, createBucket }: ResetLimitOptions): { close(): void } {
  const sessions = new WeakMap<Http2Session, ReturnType<typeof createBucket>>();

  return watchStreams({
    closed({ stream: { rstCode, aborted, session } }) {
      if (rstCode === constants.NGHTTP2_NO_ERROR && !aborted) return;
      if (!session || session.destroyed || !connections.owns(session.socket)) return;
      const resets = sessions.get(session) ?? createBucket();
      sessions.set(session, resets);
      if (resets.take(performance.now()) > 0) end(session);
    },
  });
}

/**
 * Not at once, because nghttp2 is reading: a collection before it is done with a stream whose headers were too
 * many ends the whole process (`Http2Session::~Http2Session`, "current_nghttp2_memory_"). Meanwhile nobody is
 * told of further calls.
 */
function end(session: Http2Session): void {
  session.removeAllListeners('stream').on('stream', forget);
  setImmediate(() => session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM));
}

/** An error that nobody listens for would end the process. */
function forget(stream: ServerHttp2Stream): void {
  stream.on('error', () => {});
}
