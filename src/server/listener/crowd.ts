import type { Socket } from 'node:net';
import type { Arrival } from '../../call.ts';
import { callerOf } from '../caller.ts';
import { isHeld, type OpenCall, type OpenCalls } from './open-calls.ts';
import { whileOpen } from './while-open.ts';

/** A peer that reads is told within a turn of the event loop. */
const TOLD_MS = 100;

/** The accepted connections of one listener. */
interface Crowd {
  joined(socket: Socket, arrival: Arrival, calls: OpenCalls): void;
  /** Cuts a connection that does nothing for its caller. Returns whether there was one. */
  cutOne(): boolean;
}

interface Member {
  readonly socket: Socket;
  readonly calls: OpenCalls;
  /** All connections of its caller, this one too. */
  readonly own: ReadonlySet<Member>;
}

/**
 * Connections cost their callers nothing, so one caller could take all places and keep everyone else out, for as
 * long as it answers pings.
 */
export function createCrowd(): Crowd {
  const callers = new Map<string, Set<Member>>();

  return {
    joined(socket, arrival, calls) {
      const caller = callerOf(arrival, hostOf(arrival.peer));
      const own = callers.get(caller) ?? new Set<Member>();
      callers.set(caller, own);
      const member = { socket, calls, own };
      own.add(member);
      socket.once('close', () => {
        own.delete(member);
        if (own.size === 0) callers.delete(caller);
      });
    },
    cutOne() {
      let worst: Member | undefined;
      for (const own of callers.values()) {
        for (const one of own) if (isWorse(one, worst) && isFree(one)) worst = one;
      }
      if (worst) cut(worst);
      return worst !== undefined;
    },
  };
}

/** Whoever has most connections gives one up, that whose latest call began longest ago. */
function isWorse({ own, calls }: Member, worst: Member | undefined): boolean {
  if (!worst || own.size !== worst.own.size) return own.size > (worst?.own.size ?? 0);
  return calls.latestAt < worst.calls.latestAt;
}

const isFree = ({ socket, calls }: Member): boolean =>
  !socket.destroyed && calls.session?.destroyed !== true && !calls.values.some(isServed);

/**
 * It is told first (`GOAWAY`): the client's next call may be on its way, and gRPC's libraries send again what was not
 * read. One that takes nothing would hold its place for as long as it is not told.
 */
function cut({ socket, calls }: Member): void {
  if (!calls.session) {
    socket.destroy();
    return;
  }
  calls.session.destroy();
  whileOpen(socket, TOLD_MS, () => socket.destroy());
}

/** Streams have few places, and lose those where they are idle. One without a place is over, though its caller may hold it. */
const isServed = (call: OpenCall): boolean =>
  call.streams ? !call.stream.writableEnded : !isHeld(call);

/** Each connection has a port of its own, so without it. Over a Unix socket all callers are one. */
const hostOf = (peer: string): string => peer.replace(/:\d+$/, '');
