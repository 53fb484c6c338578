import type { IncomingMessage, RequestListener } from 'node:http';
import type { Socket } from 'node:net';

/** What a connection has asked. */
export interface Asked {
  /** Requests whose answers are not out. */
  running: number;
  latest: IncomingMessage | undefined;
}

export type Connections = WeakMap<Socket, Asked>;

/** Requests of one connection at once. Clients of ours send one; each more holds an answer in memory. */
const MOST_PIPELINED = 8;

/**
 * Cuts a connection that asks on and on without waiting for answers, and reads no more of it. What was
 * answered at once counts until the event loop has turned: Node takes up to 2 MB from one connection before
 * it looks at the next, 14,000 requests.
 */
export function limitPipelined(
  connections: Connections,
  handler: RequestListener,
): RequestListener {
  const ended = (asked: Asked) => {
    asked.running -= 1;
  };
  return (request, response) => {
    const { socket } = request;
    const asked = connections.get(socket);
    if (!asked || socket.destroyed || asked.running >= MOST_PIPELINED) {
      stopReading(socket);
      socket.destroy();
      return;
    }
    asked.running += 1;
    asked.latest = request;
    response.once('close', () => setImmediate(ended, asked));
    handler(request, response);
  };
}

/** As for a request that asks for another protocol: what follows it is not HTTP. */
const UPGRADE = 2;

/**
 * Node goes on through what it has read in one piece, 1,300 requests of a connection that is gone by then,
 * which takes 20 ms. Its parser stops where this says so; it has no public way to.
 */
function stopReading(socket: Socket & { readonly parser?: { onIncoming: () => number } }): void {
  if (socket.parser) socket.parser.onIncoming = () => UPGRADE;
}
