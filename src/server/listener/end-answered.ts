import type { Connections } from './connections.ts';
import { watchStreams } from './watch-streams.ts';

export interface EndAnsweredOptions {
  /** Only calls that came through these are watched. */
  readonly connections: Pick<Connections, 'owns'>;
  /** Paths of the methods whose requests are streams. */
  readonly streaming: ReadonlySet<string>;
  /** Milliseconds that a caller has to part from a stream that is answered to its end. */
  readonly partMs?: number;
}

/**
 * Ends streams that are over for us and that their callers hold open, for each may make us hold half a
 * message. The half-sent messages of other methods are watched from their start.
 */
export function endAnswered(options: EndAnsweredOptions): { close(): void } {
  const { connections, streaming, partMs = 1000 } = options;
  return watchStreams({
    created({ stream, headers }) {
      if (!streaming.has(headers?.[':path'] ?? '')) return;
      if (!connections.owns(stream.session?.socket)) return;
      stream.once('finish', () => setTimeout(() => stream.close(), partMs).unref());
    },
  });
}
