import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** The requests of a connection. */
export interface Asked {
  /** Requests that are not answered yet. */
  running: number;
  latest: IncomingMessage | undefined;
  /** Answers that have not been sent whole, perhaps because their caller does not read them. */
  readonly answers: Set<ServerResponse>;
}

export type Connections = WeakMap<Socket, Asked>;

/** Requests of one connection at once. Our clients send one; each further one holds an answer in memory. */
const MOST_PIPELINED = 8;

/**
 * Cuts a connection that keeps asking without waiting for answers, and stops reading from it. An answered
 * request counts until the event loop has turned: Node takes up to 2 MB from one connection before it looks
 * at the next, which is 14,000 requests.
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
    asked.answers.add(response);
    response.once('close', () => {
      asked.answers.delete(response);
      setImmediate(ended, asked);
    });
    handler(request, response);
  };
}

/** Node's parser takes this as a change of protocol: what follows is not HTTP. */
const UPGRADE = 2;

/**
 * After a connection is destroyed, Node still handles what it had read in one piece: up to 1,300 requests,
 * which take 20 ms. This return value stops its parser; there is no public way.
 */
function stopReading(socket: Socket & { readonly parser?: { onIncoming: () => number } }): void {
  if (socket.parser) socket.parser.onIncoming = () => UPGRADE;
}
