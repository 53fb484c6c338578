import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { constants, type Http2Session, type ServerHttp2Stream } from 'node:http2';
import type { Connections } from './connections.ts';

export interface HalfOpenOptions {
  /** Only calls that came through these are watched. */
  readonly connections: Connections;
  /** Paths of the methods whose requests are streams: those may take their time. */
  readonly streaming: ReadonlySet<string>;
  /** How long a caller may take to send its one message. */
  readonly limitMs: number;
  /** What connections with half-sent messages may have received since the oldest of these began. */
  readonly heldBytes?: number;
}

/** What Node publishes of each stream of every HTTP/2 server in the process. */
interface Published {
  readonly stream: ServerHttp2Stream;
  readonly headers?: { readonly ':path'?: string };
}

const SWEEP_MS = 50;

/** What connections with half-sent messages may have received since the oldest of these began. */
const HELD_BYTES = 32 * 1024 * 1024;

interface Begun {
  readonly at: number;
  /** What its connection had received by then. */
  readonly bytes: number;
}

/**
 * Cuts calls whose message never comes whole. Their handler has not begun, so nothing else would end
 * them but their connection's age, and each may hold as much as a message is large until then. Where
 * they may hold more memory than is set aside for them, those of the worst connection go at once.
 */
export function watchHalfOpenCalls(options: HalfOpenOptions): { close(): void } {
  const { connections, streaming, limitMs, heldBytes = HELD_BYTES } = options;
  /** In the order in which they began. */
  const begun = new Map<ServerHttp2Stream, Begun>();

  const created = (message: unknown): void => {
    const { stream, headers } = message as Published;
    if (streaming.has(headers?.[':path'] ?? '')) return;
    begun.set(stream, { at: performance.now(), bytes: received(stream) });
  };
  const closed = (message: unknown): void => {
    begun.delete((message as Published).stream);
  };
  const cut = (stream: ServerHttp2Stream): void => {
    begun.delete(stream);
    stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  };
  const sweep = (): void => {
    const late = performance.now() - limitMs;
    const waiting = new Map<Http2Session, ServerHttp2Stream[]>();
    for (const [stream, { at }] of begun) {
      const { session } = stream;
      if (stream.readableEnded || !session || !connections.owns(session.socket))
        begun.delete(stream);
      else if (at <= late) cut(stream);
      else addTo(waiting, session, stream);
    }
    for (const streams of heaviest(waiting)) for (const stream of streams) cut(stream);
  };

  /** The calls of as many connections as must give theirs up. */
  function heaviest(waiting: ReadonlyMap<Http2Session, ServerHttp2Stream[]>) {
    const held = [...waiting.values()].map((streams) => {
      const [oldest] = streams;
      const bytes = oldest ? received(oldest) - (begun.get(oldest)?.bytes ?? 0) : 0;
      return { streams, bytes };
    });
    held.sort((one, other) => other.bytes - one.bytes);
    let sum = held.reduce((all, { bytes }) => all + bytes, 0);
    const given: ServerHttp2Stream[][] = [];
    for (const { streams, bytes } of held) {
      if (sum <= heldBytes) break;
      given.push(streams);
      sum -= bytes;
    }
    return given;
  }

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

/** In place, for a sweep may find thousands. */
function addTo(
  waiting: Map<Http2Session, ServerHttp2Stream[]>,
  session: Http2Session,
  stream: ServerHttp2Stream,
): void {
  const streams = waiting.get(session);
  if (streams) streams.push(stream);
  else waiting.set(session, [stream]);
}

const received = ({ session }: ServerHttp2Stream): number => session?.socket?.bytesRead ?? 0;
