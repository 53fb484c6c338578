import { constants, type ServerHttp2Stream } from 'node:http2';
import type { Connections } from '../listener/connections.ts';
import { type Framing, NOTHING, pushMessages } from './push-messages.ts';
import { watchStreams } from './watch-streams.ts';

interface StreamPiecesOptions {
  /** Only calls that came through these are watched. */
  readonly connections: Pick<Connections, 'owns'>;
  /** Paths of the methods whose requests are streams. */
  readonly streaming: ReadonlySet<string>;
  /** Pieces that one stream may make us hold. */
  readonly most?: number;
}

/**
 * Each holds half a KiB, however short it is. A message of 256 KiB comes in 180 if every packet is small,
 * and a caller may send 64 KiB ahead on a stream that is not read.
 */
const MOST_PIECES = 4096;

/** How much has come of a stream, and of its current message. */
interface Begun extends Framing {
  /** Bytes of all messages that have come. */
  came: number;
  /** Pieces that may be held: those since a message that has been read, or all. */
  pieces: number;
  /** Where in `came` a message has ended that may not be read yet. */
  end: number;
  /** Pieces since that end. */
  since: number;
  readonly most: number;
}

type BegunStream = ServerHttp2Stream & { [BEGUN]?: Begun };

/** Where a stream carries it. */
const BEGUN = Symbol('begun');

/**
 * Cuts streams that come in crumbs. Their messages may take their time, but one of 256 KiB that comes byte
 * by byte holds 128 MiB until it is whole, and costs its caller only 2.5 MiB (10 bytes a frame).
 */
export function boundPieces(options: StreamPiecesOptions): { close(): void } {
  const { connections, streaming, most = MOST_PIECES } = options;
  return watchStreams<BegunStream>({
    created({ stream, headers }) {
      if (!streaming.has(headers?.[':path'] ?? '')) return;
      if (!connections.owns(stream.session?.socket)) return;
      stream[BEGUN] = { ...NOTHING, came: 0, pieces: 0, end: Infinity, since: 0, most };
      stream.push = countedPush;
    },
  });
}

/** The only way to see the pieces without taking them. */
function countedPush(this: BegunStream, chunk: unknown, encoding?: BufferEncoding): boolean {
  const begun = this[BEGUN];
  if (!begun || !(chunk instanceof Uint8Array)) {
    return (Object.getPrototypeOf(this) as ServerHttp2Stream).push.call(this, chunk, encoding);
  }
  return pushMessages(this, { bytes: chunk, framing: begun }, (piece, endsMessage) => {
    count(begun, { bytes: piece.length, unread: this.readableLength, endsMessage });
    if (begun.pieces > begun.most) this.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  });
}

/**
 * A message that is not read yet is held too, even a whole one. A caller that is always ahead leaves no
 * moment at which all is read, so what is awaited is that one end has been read.
 */
function count(
  begun: Begun,
  piece: { readonly bytes: number; readonly unread: number; readonly endsMessage: boolean },
): void {
  begun.came += piece.bytes;
  begun.pieces += 1;
  begun.since += 1;
  if (begun.came - piece.unread >= begun.end) {
    begun.pieces = begun.since;
    begun.end = Infinity;
  }
  if (!piece.endsMessage || begun.end < Infinity) return;
  begun.end = begun.came;
  begun.since = 0;
}
