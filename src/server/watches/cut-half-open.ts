import { constants, type Http2Session, type ServerHttp2Stream } from 'node:http2';
import type { Connections } from '../listener/connections.ts';
import { createBag, type Placed } from './bag.ts';
import { type Framing, NOTHING, pushMessages } from './push-messages.ts';
import { type Published, watchStreams } from './watch-streams.ts';

interface HalfOpenOptions {
  /** Only calls that came through these are watched. */
  readonly connections: Connections;
  /** Paths of the methods whose requests are streams: those may take their time. */
  readonly streaming: ReadonlySet<string>;
  /** How long a caller may take to send its one message. */
  readonly limitMs: number;
  /** Bytes that all connections with half-sent messages may have received, each since its oldest. */
  readonly heldBytes?: number;
}

const SWEEP_MS = 50;

const HELD_BYTES = 32 * 1024 * 1024;

/** Bytes of memory that each piece of an incomplete message takes, however short it is. */
const PIECE_BYTES = 512;

/** A second one is enough for grpc-js to refuse the call. */
const MOST_MESSAGES = 2;

/** A call that has begun and is not over. */
interface Begun extends Placed, Framing {
  readonly at: number;
  /** Bytes that its connection had received before the read in which its message began. */
  bytes: number;
  /** Pieces of its message that have come. */
  pieces: number;
  readonly stream: ServerHttp2Stream;
}

type BegunStream = ServerHttp2Stream & { [BEGUN]?: Begun };

/** Where a stream carries it. */
const BEGUN = Symbol('begun');

/**
 * Cuts calls whose message never arrives in full. Their handler has not begun, so nothing but their
 * connection's age would end them, and until then each may hold almost a whole message in memory. If all
 * together may hold more than `heldBytes`, those of the worst connections are cut at once.
 */
export function cutHalfOpen(options: HalfOpenOptions): { close(): void } {
  const { connections, streaming, limitMs, heldBytes = HELD_BYTES } = options;
  const begun = createBag<Begun>();
  let sweeping: NodeJS.Timeout | undefined;

  const created = ({ stream, headers }: Published<BegunStream>): void => {
    if (streaming.has(headers?.[':path'] ?? '')) return;
    const { session } = stream;
    const bytes = received(session);
    const call = { ...NOTHING, at: performance.now(), bytes, pieces: 0, stream, place: 0 };
    stream[BEGUN] = call;
    stream.push = countedPush;
    begun.put(call);
    sweepSoon();
  };
  const closed = ({ stream }: Published<BegunStream>): void => {
    const call = stream[BEGUN];
    if (call) begun.take(call);
  };
  const cut = (call: Begun): void => {
    call.stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    begun.take(call);
  };
  const sweep = (): void => {
    const late = performance.now() - limitMs;
    const waiting = new Map<Http2Session, Begun[]>();
    for (const call of begun.all()) {
      const { session, readableEnded } = call.stream;
      if (!session || readableEnded || !connections.owns(session.socket)) begun.take(call);
      else if (call.at <= late) cut(call);
      else addTo(waiting, session, call);
    }
    for (const calls of heaviest(waiting, heldBytes)) calls.forEach(cut);
    if (waiting.size > 0) sweepSoon();
  };
  // No timer runs while there are no calls, so that an idle proxy sleeps. setImmediate lets Node
  // first read what arrived while the event loop was blocked.
  const sweepSoon = (): void => {
    sweeping ??= setTimeout(
      () => {
        sweeping = undefined;
        setImmediate(sweep);
      },
      Math.min(SWEEP_MS, limitMs / 4),
    ).unref();
  };

  const watch = watchStreams({ created, closed });
  return {
    close() {
      clearTimeout(sweeping);
      watch.close();
    },
  };
}

/** The only way to see the pieces without taking them. */
function countedPush(this: BegunStream, chunk: unknown, encoding?: BufferEncoding): boolean {
  const call = this[BEGUN];
  if (!call || !(chunk instanceof Uint8Array)) {
    return (Object.getPrototypeOf(this) as ServerHttp2Stream).push.call(this, chunk, encoding);
  }
  if (call.pieces === 0) countRead(call, chunk.buffer);
  return pushMessages(this, { bytes: chunk, framing: call, most: MOST_MESSAGES }, () => {
    call.pieces += 1;
  });
}

/** A piece keeps all that was read with it in memory, also what came before the call. */
function countRead(call: Begun, { byteLength }: ArrayBufferLike): void {
  call.bytes = Math.min(call.bytes, received(call.stream.session) - byteLength);
}

/** In place, because a sweep may find thousands. */
function addTo(waiting: Map<Http2Session, Begun[]>, session: Http2Session, call: Begun): void {
  const calls = waiting.get(session);
  if (calls) calls.push(call);
  else waiting.set(session, [call]);
}

/** The calls of the heaviest connections, of as few as bring the sum down to `heldBytes`. */
function heaviest(waiting: ReadonlyMap<Http2Session, Begun[]>, heldBytes: number): Begun[][] {
  const held = [...waiting].map(([session, calls]) => ({
    calls,
    bytes: heldBy(session, calls),
  }));
  held.sort((one, other) => other.bytes - one.bytes);
  let sum = held.reduce((all, { bytes }) => all + bytes, 0);
  const given: Begun[][] = [];
  for (const { calls, bytes } of held) {
    if (sum <= heldBytes) break;
    given.push(calls);
    sum -= bytes;
  }
  return given;
}

function heldBy(session: Http2Session, calls: readonly Begun[]): number {
  const since = calls.reduce((least, call) => Math.min(least, call.bytes), Infinity);
  const pieces = calls.reduce((all, call) => all + call.pieces, 0);
  return received(session) - since + pieces * PIECE_BYTES;
}

/** A session that has ended meanwhile has no socket any more. */
const received = (session: Http2Session | undefined): number => session?.socket?.bytesRead ?? 0;
