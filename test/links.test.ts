import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { pages } from './helpers/pages.ts';

test.each([...pages.keys()])('the links of %s lead somewhere', (page) => {
  const prose = (pages.get(page) ?? '').replaceAll(/^```.*?^```/gms, '');
  for (const [, link = ''] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^(https?|mailto):/.test(link)) continue;
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? page : join(dirname(page), path);
    expect(existsSync(target), `${page}: ${link}`).toBe(true);
    if (anchor === undefined) continue;
    expect(anchors(pages.get(target) ?? ''), `${page}: ${link}`).toContain(anchor);
  }
});

/** Made from headings as GitHub does. */
function anchors(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
