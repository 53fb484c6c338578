import { createServer, type RequestListener } from 'node:http';
import { bind } from './listener/bind.ts';

export interface HttpListener {
  /** Resolves to the bound address. @throws Error naming the address */
  listen(): Promise<string>;
  close(): Promise<void>;
}

/** A plain HTTP listener with bounds of its own. */
export function createHttpListener(address: string, handler: RequestListener): HttpListener {
  const server = createServer(
    { requestTimeout: 10_000, headersTimeout: 5_000, keepAliveTimeout: 5_000 },
    handler,
  );
  server.maxConnections = 256;
  return {
    listen: () => bind(server, { address, mode: 0o660, backlog: 128 }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
}
