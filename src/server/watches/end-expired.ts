import { X509Certificate } from 'node:crypto';
import { constants, type Http2Session } from 'node:http2';
import type { Connections } from '../listener/connections.ts';
import { whileOpen } from '../listener/while-open.ts';
import { watchStreams } from './watch-streams.ts';

/** So that no call of a client that has renewed its certificate comes too late. */
const EARLY_MS = 1_000;

interface EndExpiredOptions {
  readonly connections: Pick<Connections, 'on'>;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/**
 * Makes a client connect anew, with its next certificate, before that of its connection ends. Clients keep a
 * connection for as long as they can, and all later calls on it would be refused.
 */
export function endExpired({ connections, now }: EndExpiredOptions): { close(): void } {
  const seen = new WeakSet<Http2Session>();

  return watchStreams({
    created({ stream: { session } }) {
      if (!session || seen.has(session)) return;
      seen.add(session);
      const { certificate } = connections.on(session.socket) ?? {};
      if (!certificate) return;
      const leftMs = Date.parse(new X509Certificate(certificate).validTo) - now();
      whileOpen(session, pauseMs(leftMs), () => end(session));
    },
  });
}

/** A client that has no other certificate yet comes back with the same, and then stays to its end. */
function pauseMs(leftMs: number): number {
  const early = leftMs > 2 * EARLY_MS ? leftMs - EARLY_MS : leftMs;
  return Math.max(0, early);
}

/** As grpc-js does at a connection's greatest age: calls under way go on. */
function end(session: Http2Session): void {
  if (session.closed) return;
  session.goaway(constants.NGHTTP2_NO_ERROR, 2 ** 31 - 1);
  session.close();
}
