import type { Socket } from 'node:net';
import type { Arrival } from '../../call.ts';
import { Refusal } from '../../errors.ts';
import { noOpenCalls, type OpenCalls } from './open-calls.ts';

/** Who is at the other end of each open connection, read once per connection and not once per call. */
export interface Connections {
  /**
   * Notes a connection before it is injected into grpc-js; it is forgotten when the socket closes. Returns what
   * `callsOn` does.
   */
  add(socket: Socket, arrival: Arrival): OpenCalls;
  /**
   * @throws Refusal CANCELLED if its connection has ended
   * @throws Error if it did not come through a listener of ours: then nobody vouches for it
   */
  of(call: { getPeer(): string }): Arrival;
  /** Who is at the other end of a socket, or of http2's proxy for it, if it is one of these. */
  on(socket: Addressed | undefined): Arrival | undefined;
  owns(socket: Addressed | undefined): boolean;
  /** Its open calls, as far as `watches/share-streams.ts` keeps them; undefined if it is not one of these. */
  callsOn(socket: Addressed | undefined): OpenCalls | undefined;
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
  const known = new Map<string, { readonly arrival: Arrival; readonly calls: OpenCalls }>();
  let last = 0;

  return {
    add(socket, arrival) {
      last += 1;
      const key = `${arrival.peer} #${last}`;
      const calls = noOpenCalls();
      known.set(key, { arrival, calls });
      Object.defineProperty(socket, 'remoteAddress', { value: key });
      Object.defineProperty(socket, 'remotePort', { value: undefined });
      socket.once('close', () => known.delete(key));
      return calls;
    },
    of(call) {
      const peer = call.getPeer();
      const arrival = known.get(peer)?.arrival;
      if (arrival) return arrival;
      if (peer === GONE) throw new Refusal('CANCELLED');
      throw new Error('the connection of this call is not known');
    },
    on: (socket) => known.get(socket?.remoteAddress ?? '')?.arrival,
    owns: (socket) => known.has(socket?.remoteAddress ?? ''),
    callsOn: (socket) => known.get(socket?.remoteAddress ?? '')?.calls,
    get size() {
      return known.size;
    },
  };
}
