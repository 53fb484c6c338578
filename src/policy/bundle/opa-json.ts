import { Buffer } from 'node:buffer';

const TOKEN = /\s*("(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s[\]{},:"]+)/y;

/**
 * JSON as OPA hashes it: keys in the order of their UTF-8 bytes, numbers as they were written, strings
 * escaped as Go escapes them. Has its own small parser, because JSON.parse rounds numbers, and in some
 * versions of V8 confuses escaped keys (docs/decisions/0001). @throws SyntaxError
 */
export function opaJson(text: string): string {
  // JSON.parse throws on invalid JSON, so the code below can assume that it is valid.
  JSON.parse(text);
  TOKEN.lastIndex = 0;
  return write(next(), next);

  function next(): string {
    return TOKEN.exec(text)?.[1] ?? '';
  }
}

function write(token: string, next: () => string): string {
  if (token.startsWith('"')) return quote(JSON.parse(token));
  if (token === '[') return `[${items(next).join()}]`;
  if (token !== '{') return token;
  const entries = [...members(next)].sort(([a], [b]) => byUtf8(a, b));
  return `{${entries.map(([key, value]) => `${quote(key)}:${value}`).join()}}`;
}

function items(next: () => string): string[] {
  const found: string[] = [];
  for (let token = next(); token !== ']'; token = next()) {
    if (token !== ',') found.push(write(token, next));
  }
  return found;
}

/** If a key occurs twice, the last one counts, as in Go. */
function members(next: () => string): Map<string, string> {
  const found = new Map<string, string>();
  for (let token = next(); token !== '}'; token = next()) {
    if (token === ',') continue;
    const key: string = JSON.parse(token);
    next();
    found.set(key.toWellFormed(), write(next(), next));
  }
  return found;
}

function byUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function quote(text: string): string {
  return JSON.stringify(text.toWellFormed())
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');
}
