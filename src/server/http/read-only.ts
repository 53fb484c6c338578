import type { IncomingMessage, RequestListener } from 'node:http';

/** What a request is answered with. */
export interface Page {
  readonly code: number;
  readonly contentType: string;
  readonly body: string | Buffer;
}

interface Pages {
  /** The page of a path, such as `/livez`. */
  readonly read: (path: string, request: IncomingMessage) => Page | Promise<Page>;
  /** The page that says why a request is not answered. */
  readonly refuse: (code: number, why: string) => Page;
}

/** Serves pages that can be read, with GET or HEAD, and not changed. */
export function readOnly({ read, refuse }: Pages): RequestListener {
  return async (request, response) => {
    const { method, url = '' } = request;
    const reads = method === 'GET' || method === 'HEAD';
    const page = reads
      ? await read(url.split('?')[0] ?? '', request)
      : refuse(405, 'only GET and HEAD');
    const { code, contentType, body } = page;
    response.writeHead(code, { 'content-type': contentType, 'cache-control': 'no-store' });
    response.end(method === 'HEAD' ? '' : body);
  };
}
