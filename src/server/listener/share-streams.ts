import { constants, type Http2Session, type ServerHttp2Stream } from 'node:http2';
import { type Bag, createBag, type Placed } from './bag.ts';
import type { Connections } from './connections.ts';
import { type Published, watchStreams } from './watch-streams.ts';

export interface ShareStreamsOptions {
  /** Only calls that came through these are counted. */
  readonly connections: Pick<Connections, 'owns'>;
  /** Calls that all connections together may have open. */
  readonly most: number;
  /** Older calls are given up first: no message, and no taking of an answer, lasts that long. */
  readonly oldMs?: number;
}

/** An open call, in the bag of its connection. */
interface Open extends Placed {
  readonly stream: ServerHttp2Stream;
  readonly at: number;
  readonly own: Own;
}

/** The open calls of one connection. */
type Own = Bag<Open>;

type OwnSession = Http2Session & { [OWN]?: Own };
type OpenStream = ServerHttp2Stream & { [OPEN]?: Open };

/** Where a session and a stream carry theirs. */
const OWN = Symbol('own');
const OPEN = Symbol('open');

/**
 * Bounds what open calls cost together, whatever keeps them open: a message that does not come, an
 * answer that is not taken, a watch of health. Each holds 10 KiB and costs its peer 100 bytes, and
 * what one connection may have is little until there are a thousand of them.
 */
export function shareStreams(options: ShareStreamsOptions): { close(): void } {
  const { connections, most, oldMs = 5000 } = options;
  const busy = new Set<Own>();
  let count = 0;

  const created = ({ stream }: Published<OpenStream>): void => {
    const session = stream.session as OwnSession | undefined;
    if (!session || (!session[OWN] && !connections.owns(session.socket))) return;
    session[OWN] ??= createBag();
    const own = session[OWN];
    stream[OPEN] = { stream, at: performance.now(), own, place: 0 };
    own.put(stream[OPEN]);
    busy.add(own);
    count += 1;
    if (count > most) giveUp(worst(busy, performance.now() - oldMs));
  };
  const closed = ({ stream }: Published<OpenStream>): void => {
    const call = stream[OPEN];
    if (call) take(call);
  };
  const take = (call: Open): void => {
    const { own } = call;
    if (!own.take(call)) return;
    count -= 1;
    if (own.values.length === 0) busy.delete(own);
  };
  const giveUp = (call: Open | undefined): void => {
    if (!call) return;
    take(call);
    call.stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  };

  return watchStreams({ created, closed });
}

/**
 * The oldest of those that their callers hold open, where one is old; where none is, one of the connection
 * that holds most. Each connection keeps one, such as a watch, or an honest call that has just begun
 * while all others wait for their answers.
 */
function worst(busy: Iterable<Own>, oldAt: number): Open | undefined {
  let oldest: Open | undefined;
  let most: readonly Open[] = [];
  for (const { values: own } of busy) {
    if (own.length > most.length) {
      const held = own.filter(isHeld);
      if (held.length > Math.max(1, most.length)) most = held;
    }
    for (let place = 1; place < own.length; place += 1) {
      const call = own[place];
      if (call && call.at < (oldest?.at ?? oldAt) && isHeld(call)) oldest = call;
    }
  }
  return oldest ?? most.at(-1);
}

/** A call that waits for its answer is held by us, and such calls have limits of their own. */
function isHeld({ stream }: Open): boolean {
  return !stream.readableEnded || stream.headersSent;
}
