import type { RequestListener } from 'node:http';

/** What operators on the host may read: each page by its path, as JSON. */
type AdminPages = Readonly<Record<string, () => object>>;

/** Serves each page at `/NAME`, and the list of them at `/`. Nothing here changes anything. */
export function adminHandler(pages: AdminPages): RequestListener {
  const list = Object.keys(pages).map((name) => `/${name}`);
  return (request, response) => {
    const send = (code: number, body: object) => {
      response.writeHead(code, { 'content-type': 'application/json', 'cache-control': 'no-store' });
      response.end(request.method === 'HEAD' ? '' : `${JSON.stringify(body, undefined, 2)}\n`);
    };
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return send(405, { error: 'only GET and HEAD' });
    }
    const name = request.url?.split('?')[0]?.slice(1) ?? '';
    if (name === '') return send(200, { pages: list });
    const page = Object.hasOwn(pages, name) ? pages[name] : undefined;
    return page ? send(200, page()) : send(404, { error: `there are ${list.join(' and ')}` });
  };
}
