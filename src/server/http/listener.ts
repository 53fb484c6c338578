import { createServer, type RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { bind } from '../listener/bind.ts';
import { cutAfter } from '../listener/cut-after.ts';
import { placesForNewcomers } from '../newcomers.ts';
import { type Asked, type Connections, limitPipelined } from './limit-pipelined.ts';

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
 * In milliseconds; by default Node looks for slow requests every half minute only. And it would silently
 * drop the second of two Authorization headers, which a hop before us may have relied on.
 */
const BOUNDS = {
  joinDuplicateHeaders: true,
  requestTimeout: 10_000,
  headersTimeout: 5_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
} as const;

/**
 * How long a connection may be idle: longer than any request takes. Node counts the start of a write as
 * activity, so a peer that does not read its answer is cut after twice that.
 */
const STILL_MS = 10_000;

/** Probes and operators are few. */
const MOST_CONNECTIONS = 256;

interface HttpListenerOptions {
  readonly maxConnections?: number;
  /** A connection was cut because there were too many. */
  readonly onRefused?: () => void;
}

/**
 * A plain HTTP listener with bounds of its own. When it is nearly full, a new connection gets the place of one
 * that waits for no answer of ours; once it is full, it is cut itself if all others do.
 */
export function createHttpListener(
  address: string,
  handler: RequestListener,
  { maxConnections = MOST_CONNECTIONS, onRefused = () => {} }: HttpListenerOptions = {},
): HttpListener {
  const open = new Set<Socket>();
  const forNewcomers = placesForNewcomers(maxConnections);
  const connections: Connections = new WeakMap();
  let draining = false;
  const limited = limitPipelined(connections, (request, response) => {
    const { socket } = request;
    // Moved to the end: the connection that was quiet for longest goes first.
    if (open.delete(socket)) open.add(socket);
    if (draining) response.setHeader('connection', 'close');
    handler(request, response);
  });
  const server = createServer(BOUNDS, limited);
  // Node itself would answer requests that expect more than 100-continue, past every limit.
  server.on('checkExpectation', limited);
  server.maxConnections = maxConnections;
  server.timeout = STILL_MS;
  server.on('connection', (socket: Socket) => {
    if (open.size + forNewcomers >= maxConnections && cutOne(open, connections)) onRefused();
    open.add(socket);
    connections.set(socket, { running: 0, latest: undefined, answers: new Set() });
    socket.once('close', () => open.delete(socket));
  });
  // If all of them wait for answers, Node drops the new one.
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
 * Keeps places free by cutting the oldest that waits for no answer: otherwise a few hundred connections that
 * say nothing, or read nothing, would keep out the kubelet, which would then end the proxy.
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

/** An answer that is made and not sent waits for its caller. */
const waits = (asked: Asked | undefined): boolean =>
  asked?.latest?.complete === true &&
  [...asked.answers].some(({ writableEnded }) => !writableEnded);
