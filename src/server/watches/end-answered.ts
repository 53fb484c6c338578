import { constants, type ServerHttp2Stream } from 'node:http2';
import type { Connections } from '../listener/connections.ts';
import { watchStreams } from './watch-streams.ts';

interface EndAnsweredOptions {
  /** Only calls that came through these are watched. */
  readonly connections: Pick<Connections, 'owns'>;
  /** Paths of the methods whose requests are streams. */
  readonly streaming: ReadonlySet<string>;
  /** Paths of the methods whose answers are large. */
  readonly large: ReadonlySet<string>;
  /** Milliseconds that a caller has to close a stream whose answer is complete. */
  readonly partMs?: number;
  /** Milliseconds that a caller has to read the rest of its answer. */
  readonly takeMs?: number;
}

/**
 * Ends streams that are over for us but that their callers hold open: each may make us hold half a message,
 * or results that nobody reads, as the answer of a batch may. Half-sent messages of other methods are watched
 * by `cut-half-open.ts`.
 */
export function endAnswered(options: EndAnsweredOptions): { close(): void } {
  const { connections, streaming, large, partMs = 1000, takeMs = 10_000 } = options;
  return watchStreams({
    created({ stream, headers }) {
      const path = headers?.[':path'] ?? '';
      const streams = streaming.has(path);
      if (!streams && !large.has(path)) return;
      if (!connections.owns(stream.session?.socket)) return;
      let untaken: NodeJS.Timeout | undefined;
      // grpc-js ends an answer of one message only once that has been taken.
      onceCalled(stream, streams ? 'end' : 'write', () => {
        const cut = () => stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
        untaken = setTimeout(cut, takeMs).unref();
      });
      if (streams) stream.once('finish', () => setTimeout(() => stream.close(), partMs).unref());
      for (const over of ['finish', 'close']) stream.once(over, () => clearTimeout(untaken));
    },
  });
}

/** There is no event for the last frame before all of it has been taken. */
function onceCalled(stream: ServerHttp2Stream, name: 'end' | 'write', act: () => void): void {
  const called = stream[name].bind(stream) as (...said: unknown[]) => unknown;
  Object.assign(stream, {
    [name](...said: unknown[]) {
      Object.assign(stream, { [name]: called });
      act();
      return called(...said);
    },
  });
}
