import { createTokenBucket } from '../limits/token-bucket.ts';
import type { Connections } from '../server/listener/connections.ts';
import { endAnswered } from '../server/listener/end-answered.ts';
import { type ExplainOptions, explainRefusals } from '../server/listener/explain.ts';
import { watchHalfOpenCalls } from '../server/listener/half-open.ts';
import { releaseEndedStreams } from '../server/listener/release-streams.ts';
import { limitResets, RESET_LIMITS } from '../server/listener/reset-limit.ts';
import { shareStreams } from '../server/listener/share-streams.ts';
import { boundPieces } from '../server/listener/stream-pieces.ts';
import { correctTimeouts } from '../server/listener/timeouts.ts';
import type { Stack } from './stack.ts';

interface Watched {
  readonly connections: Connections;
  /** Paths of the methods whose requests are streams. */
  readonly streaming: ReadonlySet<string>;
  /** How long a caller may take to send its one message. */
  readonly messageMs: number;
  /** Calls that all connections together may have open. */
  readonly mostStreams: number;
  readonly explain: ExplainOptions['explain'];
}

/**
 * Watches the calls of all connections on Node's own channels, each before grpc-js gets it: what grpc-js
 * does not bound, corrects what it reads wrongly, and explains what it refuses.
 */
export function watchCalls(watched: Watched, opened: Stack): void {
  const { connections, streaming, messageMs: limitMs, mostStreams: most, explain } = watched;
  const watches = [
    watchHalfOpenCalls({ connections, streaming, limitMs }),
    boundPieces({ connections, streaming }),
    limitResets({ connections, createBucket: () => createTokenBucket(RESET_LIMITS) }),
    shareStreams({ connections, most }),
    explainRefusals({ connections, explain }),
    endAnswered({ connections, streaming }),
    correctTimeouts(),
    releaseEndedStreams(),
  ];
  opened.push(async () => {
    for (const watch of watches) watch.close();
  });
}
