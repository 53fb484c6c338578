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

/** What part of `oldMs` a message may take that came with its call, until it is read. */
const BEGUN = 1 / 50;

/** Calls by how many their connection holds when it is their turn. */
type Turns = Open[][];

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
  // More than one, so that all are looked through once for many that begin.
  const atOnce = 1 + Math.floor(most / 32);
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
    if (count > most) worst(busy, oldMs, atOnce).forEach(giveUp);
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
  const giveUp = (call: Open): void => {
    take(call);
    call.stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  };

  return watchStreams({ created, closed });
}

/**
 * So many of those that their callers hold open: the old ones first, and those that have just begun
 * last. Of one age each in turn is the oldest of the connection that holds most by then. Each connection
 * keeps one, such as a watch, or an honest call that has just begun while all others wait for their answers.
 */
function worst(busy: Iterable<Own>, oldMs: number, number: number): Open[] {
  const now = performance.now();
  const [oldAt, begunAt] = [now - oldMs, now - oldMs * BEGUN];
  const [old, others, begun]: [Turns, Turns, Turns] = [[], [], []];
  for (const { values } of busy) {
    const held = values.filter(isHeld).sort((one, other) => one.at - other.at);
    for (const [before, call] of held.entries()) {
      const turns = call.at < oldAt ? old : call.at < begunAt ? others : begun;
      const turn = held.length - before;
      turns[turn] ??= [];
      if (call.place > 0) turns[turn].push(call);
    }
  }
  // flat() leaves out the turns that are nobody's.
  return [old, others, begun].flatMap((turns) => turns.reverse().flat()).slice(0, number);
}

/** A call that waits for its answer is held by us, and such calls have limits of their own. */
function isHeld({ stream }: Open): boolean {
  return !stream.readableEnded || stream.headersSent;
}
