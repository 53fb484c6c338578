import type { Arrival } from '../call.ts';
import { limited, Refusal } from '../errors.ts';
import { callerOf } from './caller.ts';
import type { HandlerTools } from './handler-tools.ts';

/** Each may make the proxy hold 16 results that nobody takes, and what of its window is not read. */
const MOST_STREAMS = 32;

/** Idle milliseconds after which a stream may lose its place to another. */
const IDLE_MS = 10_000;

export interface OpenStream {
  /** The caller's address, which all streams of one connection, or of one Unix socket, share. */
  readonly peer: string;
  /** What connections with the same certificate share; else `peer`. A token will not do: nobody has verified it yet. */
  readonly caller: string;
  /** Takes no further message, and ends the stream once those under way are answered. */
  close(why: Refusal): void;
  /** Milliseconds for which it only waited for its caller to send or to take something. */
  idleFor(): number;
}

export function whoHolds(arrival: Arrival): Pick<OpenStream, 'peer' | 'caller'> {
  const { peer } = arrival;
  return { peer, caller: callerOf(arrival, peer) };
}

/** Places for streams, which would never end by themselves. */
export function createPlaces({ turnedAway }: Pick<HandlerTools, 'turnedAway'>, idleMs = IDLE_MS) {
  const open = new Set<OpenStream>();
  const leaving = new Set<OpenStream>();
  return {
    /** Gives a stream a place for as long as it lasts, perhaps that of another; closes it if there is none. */
    seat(stream: { once(event: 'cancelled', listener: () => void): unknown }, one: OpenStream) {
      stream.once('cancelled', () => leave(one));
      if (open.size < MOST_STREAMS || makeRoom(one)) return void open.add(one);
      const refusal = limited('streams', 1_000);
      turnedAway(refusal);
      one.close(refusal);
    },
    /** Ends all of them, because the proxy ends. */
    drain() {
      for (const { close } of open) close(new Refusal('DRAINING'));
    },
  };

  function leave(one: OpenStream): void {
    open.delete(one);
    leaving.delete(one);
  }

  /** Whether another stream loses its place to this one. */
  function makeRoom(next: OpenStream): boolean {
    if (leaving.size >= MOST_STREAMS) return false;
    const idle = idlest(open, idleMs);
    const one = idle ?? oldestOfMost(open, ({ caller }) => caller, next) ?? oldestOfOwn(next);
    if (!one) return false;
    open.delete(one);
    leaving.add(one);
    one.close(limited(idle ? IDLE : HAS_MOST, 1_000));
    return true;
  }

  /** A caller's connections share what the caller has. */
  function oldestOfOwn(next: OpenStream): OpenStream | undefined {
    const own = [...open].filter(({ caller }) => caller === next.caller);
    return oldestOfMost(own, ({ peer }) => peer, next);
  }
}

const IDLE = 'streams, of which this one was idle';
const HAS_MOST = 'streams, most of them from this caller';

/** The stream that has been idle for longest. Undefined if none has been idle for `idleMs`. */
function idlest(open: Iterable<OpenStream>, idleMs: number): OpenStream | undefined {
  const [one] = [...open].sort((one, other) => other.idleFor() - one.idleFor());
  return one && one.idleFor() >= idleMs ? one : undefined;
}

/** The oldest stream of whoever has most. Undefined if `next` would then give its own as many. */
function oldestOfMost(
  open: Iterable<OpenStream>,
  whose: (one: OpenStream) => string,
  next: OpenStream,
): OpenStream | undefined {
  const held = Map.groupBy(open, whose);
  const [most = []] = [...held.values()].sort((one, other) => other.length - one.length);
  return most.length > (held.get(whose(next))?.length ?? 0) + 1 ? most[0] : undefined;
}
