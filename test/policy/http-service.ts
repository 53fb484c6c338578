import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A bundle service whose behaviour a test sets, and the requests it got. */
export interface HttpService {
  readonly url: string;
  readonly requests: IncomingMessage['headers'][];
  answer: (response: ServerResponse, headers: IncomingMessage['headers']) => void;
  close(): Promise<void>;
}

export async function startHttpService(): Promise<HttpService> {
  const requests: IncomingMessage['headers'][] = [];
  const server = createServer((request, response) => {
    requests.push(request.headers);
    service.answer(response, request.headers);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const service: HttpService = {
    url: `http://127.0.0.1:${port}/bundles/policy.tar.gz`,
    requests,
    answer: (response) => response.writeHead(500).end(),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return service;
}

/** Answers as OPA's own service does: 304 if the ETag is the bundle's. */
export function serving(bundle: Buffer, etag: string): HttpService['answer'] {
  return (response, headers) => {
    if (headers['if-none-match'] === etag) response.writeHead(304).end();
    else response.writeHead(200, { etag, 'content-type': 'application/gzip' }).end(bundle);
  };
}
