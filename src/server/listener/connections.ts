import type { Socket } from 'node:net';
import type { Arrival } from '../../call.ts';
import { Refusal } from '../../errors.ts';

/** Who is at the other end of each open connection, read once per connection and not once per call. */
export interface Connections {
  /** Notes a connection before it is injected into grpc-js; it is forgotten when the socket closes. */
  add(socket: Socket, arrival: Arrival): void;
  /**
   * @throws Refusal CANCELLED if its connection has ended
   * @throws Error if it did not come through a listener of ours: then nobody vouches for it
   */
  of(call: { getPeer(): string }): Arrival;
  /** Who is at the other end of a socket, or of http2's proxy for it, if it is one of these. */
  on(socket: Addressed | undefined): Arrival | undefined;
  owns(socket: Addressed | undefined): boolean;
  readonly size: number;
}

interface Addressed {
  readonly remoteAddress?: string | undefined;
}

/** What grpc-js calls a peer whose connection has ended. */
const GONE = 'unknown';

/**
 * The only thing that a handler can cheaply learn from grpc-js about the socket is `getPeer()`, which is
 * the socket's `remoteAddress` if it has no `remotePort`. So each socket gets an address of its own here:
 * the peer's, plus a number that no other open connection has. The peer's address would not be enough,
 * because one peer may use the same port towards two listeners.
 */
export function createConnections(): Connections {
  const arrivals = new Map<string, Arrival>();
  let last = 0;

  return {
    add(socket, arrival) {
      last += 1;
      const key = `${arrival.peer} #${last}`;
      arrivals.set(key, arrival);
      Object.defineProperty(socket, 'remoteAddress', { value: key });
      Object.defineProperty(socket, 'remotePort', { value: undefined });
      socket.once('close', () => arrivals.delete(key));
    },
    of(call) {
      const peer = call.getPeer();
      const arrival = arrivals.get(peer);
      if (arrival) return arrival;
      if (peer === GONE) throw new Refusal('CANCELLED');
      throw new Error('the connection of this call is not known');
    },
    on: (socket) => arrivals.get(socket?.remoteAddress ?? ''),
    owns: (socket) => arrivals.has(socket?.remoteAddress ?? ''),
    get size() {
      return arrivals.size;
    },
  };
}
