import { createTokenBucket } from '../limits/token-bucket.ts';
import type { Connections } from '../server/listener/connections.ts';
import { boundPieces } from '../server/watches/bound-pieces.ts';
import { correctTimeouts } from '../server/watches/correct-timeouts.ts';
import { cutHalfOpen } from '../server/watches/cut-half-open.ts';
import { dropMetadata } from '../server/watches/drop-metadata.ts';
import { endAnswered } from '../server/watches/end-answered.ts';
import { endExpired } from '../server/watches/end-expired.ts';
import { type ExplainOptions, explainRefusals } from '../server/watches/explain-refusals.ts';
import { limitResets, RESET_LIMITS } from '../server/watches/limit-resets.ts';
import { refuseCompression } from '../server/watches/refuse-compression.ts';
import { refuseOtherProtocols } from '../server/watches/refuse-other-protocols.ts';
import { releaseEnded } from '../server/watches/release-ended.ts';
import { shareStreams } from '../server/watches/share-streams.ts';
import type { Stack } from './stack.ts';

interface Watched {
  readonly connections: Connections;
  /** Paths of the methods whose requests are streams. */
  readonly streaming: ReadonlySet<string>;
  /** Paths of the methods whose answers are large. */
  readonly large: ReadonlySet<string>;
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
  const { connections, streaming, large, messageMs: limitMs, mostStreams: most, explain } = watched;
  const watches = [
    cutHalfOpen({ connections, streaming, limitMs }),
    boundPieces({ connections, streaming }),
    limitResets({ connections, createBucket: () => createTokenBucket(RESET_LIMITS) }),
    shareStreams({ connections, streaming, most }),
    explainRefusals({ connections, explain }),
    endAnswered({ connections, streaming, large }),
    endExpired({ connections, now: Date.now }),
    correctTimeouts(),
    dropMetadata(),
    refuseCompression(),
    refuseOtherProtocols(),
    releaseEnded(),
  ];
  opened.push(async () => {
    for (const watch of watches) watch.close();
  });
}
