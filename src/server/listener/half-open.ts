import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { constants, type ServerHttp2Stream } from 'node:http2';
import type { Connections } from './connections.ts';

export interface HalfOpenOptions {
  /** Only calls that came through these are watched. */
  readonly connections: Connections;
  /** Paths of the methods whose requests are streams: those may take their time. */
  readonly streaming: ReadonlySet<string>;
  /** How long a caller may take to send its one message. */
  readonly limitMs: number;
}

/** What Node publishes of each stream of every HTTP/2 server in the process. */
interface Published {
  readonly stream: ServerHttp2Stream;
  readonly headers?: { readonly ':path'?: string };
}

const SWEEPS_PER_LIMIT = 4;

/**
 * Cuts calls whose message never comes whole. Their handler has not begun, so nothing else would end
 * them but their connection's age, and each may hold megabytes until then.
 */
export function watchHalfOpenCalls(options: HalfOpenOptions): { close(): void } {
  const { connections, streaming, limitMs } = options;
  const begun = new Map<ServerHttp2Stream, number>();

  const created = (message: unknown): void => {
    const { stream, headers } = message as Published;
    if (!streaming.has(headers?.[':path'] ?? '')) begun.set(stream, performance.now());
  };
  const closed = (message: unknown): void => {
    begun.delete((message as Published).stream);
  };
  const sweep = (): void => {
    const before = performance.now() - limitMs;
    for (const [stream, at] of begun) {
      // They stand in the order in which they began.
      if (at > before) return;
      begun.delete(stream);
      if (!stream.readableEnded && connections.owns(stream.session?.socket)) {
        stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
      }
    }
  };
  subscribe('http2.server.stream.created', created);
  subscribe('http2.server.stream.close', closed);
  const timer = setInterval(sweep, limitMs / SWEEPS_PER_LIMIT);
  timer.unref();

  return {
    close() {
      clearInterval(timer);
      unsubscribe('http2.server.stream.created', created);
      unsubscribe('http2.server.stream.close', closed);
    },
  };
}
