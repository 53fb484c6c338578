import { constants, type Http2Session, type ServerHttp2Stream } from 'node:http2';
import type { Connections } from '../listener/connections.ts';
import { type Bag, createBag, type Placed } from './bag.ts';
import { type Published, watchStreams } from './watch-streams.ts';

interface ShareStreamsOptions {
  /** Only calls that came through these are counted. */
  readonly connections: Pick<Connections, 'owns'>;
  /** Calls that all connections together may have open. */
  readonly most: number;
  /** Older calls are given up first: no honest caller takes that long to send a message or read an answer. */
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

/** A call whose message came with it is read within this part of `oldMs`. */
const READ_WITHIN = 1 / 50;

/** Calls, by how many their connection still holds when it is their turn. */
type Turns = Open[][];

/** Where a session and a stream carry theirs. */
const OWN = Symbol('own');
const OPEN = Symbol('open');

/**
 * Bounds what open calls cost together, whatever keeps them open: a message that does not come, an answer
 * that is not read, a health watch. Each holds 10 KiB here and costs its peer only 100 bytes, and the limit
 * of each connection does not help against a thousand connections.
 */
export function shareStreams(options: ShareStreamsOptions): { close(): void } {
  const { connections, most, oldMs = 5000 } = options;
  // More than one, so that one look through all of them serves many new calls.
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
 * The worst `number` of the calls that their callers hold open: old ones first, just begun ones last.
 * Within one age, the next is the oldest of the connection that still holds most. Each connection keeps
 * one, such as a watch, or an honest call that has just begun while its others wait for answers.
 */
function worst(busy: Iterable<Own>, oldMs: number, number: number): Open[] {
  const now = performance.now();
  const [oldAt, begunAt] = [now - oldMs, now - oldMs * READ_WITHIN];
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
  // flat() skips the turns that have no calls.
  return [old, others, begun].flatMap((turns) => turns.reverse().flat()).slice(0, number);
}

/** A call that waits for its answer is held open by us; such calls have limits of their own. */
function isHeld({ stream }: Open): boolean {
  return !stream.readableEnded || stream.headersSent;
}
