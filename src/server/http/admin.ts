import type { RequestListener } from 'node:http';
import { type Page, readOnly } from './read-only.ts';

/** What operators on the host may read: each page by its path, as JSON. */
type AdminPages = Readonly<Record<string, () => object>>;

/** Serves each page at `/NAME`, and the list of them at `/`. Nothing here changes anything. */
export function adminHandler(pages: AdminPages): RequestListener {
  const list = Object.keys(pages).map((name) => `/${name}`);
  return readOnly({
    refuse,
    read(path) {
      const name = path.slice(1);
      if (name === '') return toPage(200, { pages: list });
      const page = Object.hasOwn(pages, name) ? pages[name] : undefined;
      return page ? toPage(200, page()) : refuse(404, `there are ${list.join(' and ')}`);
    },
  });
}

function refuse(code: number, error: string): Page {
  return toPage(code, { error });
}

function toPage(code: number, body: object): Page {
  const text = `${JSON.stringify(body, undefined, 2)}\n`;
  return { code, contentType: 'application/json', body: text };
}
