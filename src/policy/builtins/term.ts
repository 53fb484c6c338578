import { hash } from 'node:crypto';

/**
 * A Rego value as a builtin sees it. Unlike JSON it distinguishes sets from arrays, allows keys of any
 * type, and keeps integers exact: nanoseconds do not fit a double.
 */
export type Term =
  | null
  | boolean
  | string
  | number
  | bigint
  | readonly Term[]
  | TermSet
  | TermObject;

/** Members by their canonical text. */
export interface TermSet {
  readonly kind: 'set';
  readonly members: ReadonlyMap<string, Term>;
}

/** Values by the canonical text of their keys. */
interface TermObject {
  readonly kind: 'object';
  readonly entries: ReadonlyMap<string, Term>;
}

/** Longer canonical texts are hashed; otherwise each level of nested sets would repeat all below it. */
const MOST_CHARACTERS = 256;

/** Two terms are equal when their canonical texts are. */
export function canonical(term: Term): string {
  const text = textOf(term);
  return text.length > MOST_CHARACTERS ? `#${hash('sha256', text)}` : text;
}

function textOf(term: Term): string {
  if (typeof term === 'string') return JSON.stringify(term);
  if (typeof term === 'number') return Number.isInteger(term) ? String(BigInt(term)) : String(term);
  if (term === null || typeof term !== 'object') return String(term);
  if (isArray(term)) return `[${term.map(canonical).join()}]`;
  if (term.kind === 'set') return `set(${[...term.members.keys()].sort().join()})`;
  const entries = [...term.entries].map(([key, value]) => `${key}:${canonical(value)}`);
  return `{${entries.sort().join()}}`;
}

export function isArray(term: Term | undefined): term is readonly Term[] {
  return Array.isArray(term);
}

export function isSet(term: Term | undefined): term is TermSet {
  return typeof term === 'object' && term !== null && 'kind' in term && term.kind === 'set';
}

export function isObject(term: Term | undefined): term is TermObject {
  return typeof term === 'object' && term !== null && 'kind' in term && term.kind === 'object';
}

const TOKEN = /\s*(?:("(?:[^"\\]|\\.)*")|(-?\d[\d.eE+-]*)|(set\(\)|true|false|null)|([[\]{},:]))/y;

/** What opa_value_dump writes: JSON, and sets as `{1, 2}` or `set()`. @throws SyntaxError */
export function parseTerm(text: string): Term {
  const next = tokens(text);
  const term = parse(next());
  if (next() !== '') throw new SyntaxError('a value goes on after its end');
  return term;

  function parse(token: string): Term {
    if (token === '[') return list(']');
    if (token === '{') return setOrObject();
    if (token === 'set()') return { kind: 'set', members: new Map() };
    if (token.startsWith('"')) return String(JSON.parse(token));
    if (/^-?\d+$/.test(token)) return integer(token);
    const plain: Term = JSON.parse(token);
    return plain;
  }

  function list(end: string): Term[] {
    const items: Term[] = [];
    for (let token = next(); token !== end; token = next()) {
      items.push(parse(token === ',' ? next() : token));
    }
    return items;
  }

  function setOrObject(): Term {
    const entries = new Map<string, Term>();
    let isMapping = true;
    for (let token = next(); token !== '}'; token = skipComma(token)) {
      const first = parse(token);
      token = next();
      isMapping = token === ':';
      entries.set(canonical(first), isMapping ? parse(next()) : first);
      if (isMapping) token = next();
    }
    return isMapping ? { kind: 'object', entries } : { kind: 'set', members: entries };
  }

  function skipComma(token: string): string {
    return token === ',' ? next() : token;
  }
}

function integer(token: string): number | bigint {
  const number = Number(token);
  return Number.isSafeInteger(number) ? number : BigInt(token);
}

/** The next token at each call; '' at the end. */
function tokens(text: string): () => string {
  const end = text.trimEnd().length;
  let at = 0;
  return () => {
    if (at >= end) return '';
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(text);
    if (!found) throw new SyntaxError('a value cannot be read');
    at = TOKEN.lastIndex;
    return found[1] ?? found[2] ?? found[3] ?? found[4] ?? '';
  };
}

/** For results of builtins, which hold no sets and only string keys. */
export function toJson(term: Term): string {
  if (typeof term === 'bigint') return String(term);
  if (isArray(term)) return `[${term.map(toJson).join()}]`;
  return JSON.stringify(term);
}
