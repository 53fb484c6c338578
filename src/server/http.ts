import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { bind } from './listener/bind.ts';
import { cutAfter } from './listener/cut-after.ts';

export interface HttpListener {
  /** Resolves to the bound address. @throws Error naming the address */
  listen(): Promise<string>;
  /**
   * Takes no new connection, lets requests end, and cuts what is left after `graceMs`. Resolves to
   * the number of connections that had to be cut.
   */
  drain(graceMs: number, hurry?: AbortSignal): Promise<number>;
}

/** Milliseconds. Node looks for slow requests every half minute unless told otherwise. */
const BOUNDS = {
  requestTimeout: 10_000,
  headersTimeout: 5_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
} as const;

/**
 * How long nothing may move on a connection: longer than any request takes. Node counts a write that
 * has begun as a move, so who does not read his answer is cut after twice that.
 */
const STILL_MS = 10_000;

/** Requests of one connection at once. Clients of ours send one; each more holds an answer in memory. */
const MOST_PIPELINED = 8;

/** Of probes and operators there are few. */
const MOST_CONNECTIONS = 256;

/**
 * A plain HTTP listener with bounds of its own. Who comes when it has all its connections is cut off where
 * all of them wait for answers.
 */
export function createHttpListener(
  address: string,
  handler: RequestListener,
  maxConnections = MOST_CONNECTIONS,
): HttpListener {
  const open = new Set<Socket>();
  const asked = new WeakMap<Socket, IncomingMessage>();
  const running = new WeakMap<Socket, number>();
  let draining = false;
  const limited = limitPipelined(running, (request, response) => {
    const { socket } = request;
    asked.set(socket, request);
    // To the end: whoever did nothing for longest goes first.
    if (open.delete(socket)) open.add(socket);
    if (draining) response.setHeader('connection', 'close');
    handler(request, response);
  });
  const server = createServer(BOUNDS, limited);
  // Node would answer what expects more than 100-continue by itself, past every limit.
  server.on('checkExpectation', limited);
  server.maxConnections = maxConnections;
  server.timeout = STILL_MS;
  const waits = (socket: Socket): boolean =>
    (running.get(socket) ?? 0) > 0 && asked.get(socket)?.complete === true;
  server.on('connection', (socket: Socket) => {
    if (open.size + 1 >= maxConnections) cutOne(open, waits);
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  return {
    listen: () => bind(server, { address, mode: 0o660 }),
    async drain(graceMs, hurry) {
      draining = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const idle = setInterval(() => server.closeIdleConnections(), 50);
      const cut = await cutAfter({ closed, graceMs, open, hurry });
      clearInterval(idle);
      return cut;
    },
  };
}

/**
 * Keeps one place free by the oldest that waits for no answer: a few hundred connections that say nothing
 * would else keep out the kubelet, which then ends the proxy.
 */
function cutOne(open: Set<Socket>, waits: (socket: Socket) => boolean): void {
  for (const socket of open) {
    if (waits(socket)) continue;
    open.delete(socket);
    socket.destroy();
    return;
  }
}

/**
 * Cuts a connection that asks on and on without waiting for answers, and reads no more of it. What was
 * answered at once counts until the event loop has turned: Node takes up to 2 MB from one connection before
 * it looks at the next, 14,000 requests.
 */
function limitPipelined(
  running: WeakMap<Socket, number>,
  handler: RequestListener,
): RequestListener {
  const end = (socket: Socket) => running.set(socket, (running.get(socket) ?? 1) - 1);
  return (request, response) => {
    const { socket } = request;
    const others = running.get(socket) ?? 0;
    if (socket.destroyed || others >= MOST_PIPELINED) {
      stopReading(socket);
      socket.destroy();
      return;
    }
    running.set(socket, others + 1);
    response.once('close', () => setImmediate(end, socket));
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
