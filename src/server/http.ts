import { createServer, type RequestListener } from 'node:http';
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

/** A plain HTTP listener with bounds of its own. */
export function createHttpListener(address: string, handler: RequestListener): HttpListener {
  const open = new Set<Socket>();
  let draining = false;
  const server = createServer(
    { requestTimeout: 10_000, headersTimeout: 5_000, keepAliveTimeout: 5_000 },
    (request, response) => {
      if (draining) response.setHeader('connection', 'close');
      handler(request, response);
    },
  );
  server.maxConnections = 256;
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  return {
    listen: () => bind(server, { address, mode: 0o660, backlog: 128 }),
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
