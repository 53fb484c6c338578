import { constants, type ServerHttp2Stream } from 'node:http2';
import type { Connections } from '../listener/connections.ts';
import { watchStreams } from './watch-streams.ts';

interface EndAnsweredOptions {
  /** Only calls that came through these are watched. */
  readonly connections: Pick<Connections, 'owns'>;
  /** Paths of the methods whose requests are streams. */
  readonly streaming: ReadonlySet<string>;
  /** Milliseconds that a caller has to close a stream whose answer is complete. */
  readonly partMs?: number;
  /** Milliseconds that a caller has to read the rest of its answer. */
  readonly takeMs?: number;
}

/**
 * Ends streams that are over for us but that their callers hold open: each may make us hold half a message,
 * or results that nobody reads. Half-sent messages of other methods are watched by `cut-half-open.ts`.
 */
export function endAnswered(options: EndAnsweredOptions): { close(): void } {
  const { connections, streaming, partMs = 1000, takeMs = 10_000 } = options;
  return watchStreams({
    created({ stream, headers }) {
      if (!streaming.has(headers?.[':path'] ?? '')) return;
      if (!connections.owns(stream.session?.socket)) return;
      let untaken: NodeJS.Timeout | undefined;
      onceEnding(stream, () => {
        const cut = () => stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
        untaken = setTimeout(cut, takeMs).unref();
      });
      stream.once('finish', () => setTimeout(() => stream.close(), partMs).unref());
      for (const over of ['finish', 'close']) stream.once(over, () => clearTimeout(untaken));
    },
  });
}

/** There is no event for the last frame before all of it has been taken. */
function onceEnding(stream: ServerHttp2Stream, act: () => void): void {
  const end = stream.end.bind(stream) as (...said: unknown[]) => ServerHttp2Stream;
  stream.end = (...said: unknown[]) => {
    stream.end = end;
    act();
    return end(...said);
  };
}
