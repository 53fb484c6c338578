import { constants, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { Connections } from '../listener/connections.ts';
import { isHeld, type OpenCall, type OpenCalls } from '../listener/open-calls.ts';
import { type Published, watchStreams } from './watch-streams.ts';

interface ShareStreamsOptions {
  /** Only calls that came through these are counted. */
  readonly connections: Pick<Connections, 'callsOn'>;
  /** Paths of the methods whose requests are streams. */
  readonly streaming: ReadonlySet<string>;
  /** Calls that all connections together may have open. */
  readonly most: number;
  /** Older calls are given up first: no honest caller takes that long to send a message or read an answer. */
  readonly oldMs?: number;
}

type OwnSession = ServerHttp2Session & { [OWN]?: OpenCalls | undefined };
type OpenStream = ServerHttp2Stream & { [OPEN]?: OpenCall };

/** A call whose message came with it is read within this part of `oldMs`. */
const READ_WITHIN = 1 / 50;

/** Calls, by how many their connection still holds when it is their turn. */
type Turns = OpenCall[][];

/** Where a session and a stream carry theirs. */
const OWN = Symbol('own');
const OPEN = Symbol('open');

/**
 * Bounds what open calls cost together, whatever keeps them open: a message that does not come, an answer
 * that is not read, a health watch. Each holds 10 KiB here and costs its peer only 100 bytes, and the limit
 * of each connection does not help against a thousand connections.
 */
export function shareStreams(options: ShareStreamsOptions): { close(): void } {
  const { connections, streaming, most, oldMs = 5000 } = options;
  // More than one, so that one look through all of them serves many new calls.
  const atOnce = 1 + Math.floor(most / 32);
  const busy = new Set<OpenCalls>();
  let count = 0;

  const created = ({ stream, headers }: Published<OpenStream>): void => {
    const session = stream.session as OwnSession | undefined;
    if (!session) return;
    session[OWN] ??= connections.callsOn(session.socket);
    const own = session[OWN];
    if (!own) return;
    const at = performance.now();
    stream[OPEN] = { stream, at, own, streams: streaming.has(headers?.[':path'] ?? ''), place: 0 };
    own.latestAt = at;
    own.session = session;
    own.put(stream[OPEN]);
    busy.add(own);
    count += 1;
    if (count > most) worst(busy, oldMs, atOnce).forEach(giveUp);
  };
  const closed = ({ stream }: Published<OpenStream>): void => {
    const call = stream[OPEN];
    if (call) take(call);
  };
  const take = (call: OpenCall): void => {
    const { own } = call;
    if (!own.take(call)) return;
    count -= 1;
    if (own.values.length === 0) busy.delete(own);
  };
  const giveUp = (call: OpenCall): void => {
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
function worst(busy: Iterable<OpenCalls>, oldMs: number, number: number): OpenCall[] {
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
