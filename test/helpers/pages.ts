import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');

const NAMES = [
  ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'].filter((page) =>
    existsSync(join(ROOT, page)),
  ),
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
].sort();

/** The text of every page that people read, by its path. */
export const pages: ReadonlyMap<string, string> = new Map(
  NAMES.map((page) => [page, readFileSync(join(ROOT, page), 'utf8')]),
);
