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
  /** How large a message may be. */
  readonly maxMessageBytes: number;
}

/** What Node publishes of each stream of every HTTP/2 server in the process. */
interface Published {
  readonly stream: ServerHttp2Stream;
  readonly headers?: { readonly ':path'?: string };
}

const SWEEP_MS = 50;

/** What messages that have not come whole may take of memory, of all callers together. */
const HELD_BYTES = 16 * 1024 * 1024;

/**
 * Cuts calls whose message never comes whole. Their handler has not begun, so nothing else would end
 * them but their connection's age, and each may hold as much as a message is large until then. Where
 * more of them wait than memory is set aside for, the oldest go first.
 */
export function watchHalfOpenCalls(options: HalfOpenOptions): { close(): void } {
  const { connections, streaming, limitMs, maxMessageBytes } = options;
  const most = Math.max(1, Math.floor(HELD_BYTES / maxMessageBytes));
  /** In the order in which they began. */
  const begun = new Map<ServerHttp2Stream, number>();

  const created = (message: unknown): void => {
    const { stream, headers } = message as Published;
    if (!streaming.has(headers?.[':path'] ?? '')) begun.set(stream, performance.now());
  };
  const closed = (message: unknown): void => {
    begun.delete((message as Published).stream);
  };
  const sweep = (): void => {
    const now = performance.now();
    const half: ServerHttp2Stream[] = [];
    let late = 0;
    for (const [stream, at] of begun) {
      if (at > now - Math.min(SWEEP_MS, limitMs)) break;
      if (stream.readableEnded || !connections.owns(stream.session?.socket)) begun.delete(stream);
      else half.push(stream);
      if (at <= now - limitMs) late = half.length;
    }
    for (const stream of half.slice(0, Math.max(late, half.length - most))) {
      begun.delete(stream);
      stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    }
  };
  subscribe('http2.server.stream.created', created);
  subscribe('http2.server.stream.close', closed);
  // What came while the loop was held up is read before anyone is judged by it.
  const timer = setInterval(() => setImmediate(sweep), Math.min(SWEEP_MS, limitMs / 4));
  timer.unref();

  return {
    close() {
      clearInterval(timer);
      unsubscribe('http2.server.stream.created', created);
      unsubscribe('http2.server.stream.close', closed);
    },
  };
}
