import type { ServerHttp2Stream } from 'node:http2';

const HEAD_BYTES = 5;

/** How far the messages of a call have come. */
export interface Framing {
  /** Messages that have come whole. */
  whole: number;
  /** Bytes of the current one's head that have come. */
  head: number;
  /** Bytes still to come after its head. */
  left: number;
}

export const NOTHING: Readonly<Framing> = { whole: 0, head: 0, left: 0 };

interface Came {
  readonly bytes: Uint8Array;
  readonly framing: Framing;
  /** Messages that are read; what follows is dropped. */
  readonly most?: number;
}

/**
 * Hands on what has come of a call in pieces of one message at most. grpc-js stops reading after each piece in
 * which a message ends, but decodes all messages of that piece at once: 3,000 empty ones, or 16 KiB, held 2 MB.
 * `onPiece` is told of each piece once it has been handed on.
 */
export function pushMessages(
  stream: ServerHttp2Stream,
  { bytes, framing, most = Infinity }: Came,
  onPiece: (piece: Uint8Array, endsMessage: boolean) => void,
): boolean {
  const { push } = Object.getPrototypeOf(stream) as ServerHttp2Stream;
  let more = true;
  // Nobody reads the rest of a call that has been answered or cut, perhaps because of a piece.
  const isRead = () => framing.whole < most && !stream.writableEnded && !stream.destroyed;
  for (let at = 0; at < bytes.length && isRead(); ) {
    const end = endOfMessage(framing, bytes, at);
    const piece = at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end);
    more = push.call(stream, piece);
    onPiece(piece, framing.head === 0);
    at = end;
  }
  return more;
}

/** Where the current message ends in these bytes, or they do. The framing then has no head if a message has ended. */
function endOfMessage(framing: Framing, bytes: Uint8Array, start: number): number {
  let at = start;
  while (at < bytes.length && framing.head < HEAD_BYTES) {
    // The first byte says whether it is compressed, the others how long it is.
    if (framing.head > 0) framing.left = framing.left * 256 + (bytes[at] ?? 0);
    framing.head += 1;
    at += 1;
  }
  const taken = Math.min(framing.left, bytes.length - at);
  if (framing.head < HEAD_BYTES) return at;
  framing.left -= taken;
  if (framing.left === 0) {
    framing.head = 0;
    framing.whole += 1;
  }
  return at + taken;
}
