import { createServer, type RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { type Asked, type Connections, limitPipelined } from './limit-pipelined.ts';
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

/**
 * In milliseconds; Node looks for slow requests every half minute unless told otherwise. And of two
 * Authorization lines it would drop the second unseen, which something on the way may have gone by.
 */
const BOUNDS = {
  joinDuplicateHeaders: true,
  requestTimeout: 10_000,
  headersTimeout: 5_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
} as const;

/**
 * How long nothing may move on a connection: longer than any request takes. Node counts a write that
 * has begun as a move, so a client that does not read its answer is cut after twice that.
 */
const STILL_MS = 10_000;

/** Of probes and operators there are few. */
const MOST_CONNECTIONS = 256;

export interface HttpListenerOptions {
  readonly maxConnections?: number;
  /** A connection was cut because there were too many. */
  readonly onRefused?: () => void;
}

/**
 * A plain HTTP listener with bounds of its own. A client that comes when all its connections are taken is cut off where
 * all of them wait for answers.
 */
export function createHttpListener(
  address: string,
  handler: RequestListener,
  { maxConnections = MOST_CONNECTIONS, onRefused = () => {} }: HttpListenerOptions = {},
): HttpListener {
  const open = new Set<Socket>();
  const connections: Connections = new WeakMap();
  let draining = false;
  const limited = limitPipelined(connections, (request, response) => {
    const { socket } = request;
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
  server.on('connection', (socket: Socket) => {
    if (open.size + 1 >= maxConnections && cutOne(open, connections)) onRefused();
    open.add(socket);
    connections.set(socket, { running: 0, latest: undefined });
    socket.once('close', () => open.delete(socket));
  });
  // Where all of them wait for answers, Node cuts the newcomer.
  server.on('drop', onRefused);
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
function cutOne(open: Set<Socket>, connections: Connections): boolean {
  for (const socket of open) {
    if (waits(connections.get(socket))) continue;
    open.delete(socket);
    socket.destroy();
    return true;
  }
  return false;
}

const waits = (asked: Asked | undefined): boolean =>
  asked !== undefined && asked.running > 0 && asked.latest?.complete === true;
