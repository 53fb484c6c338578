import { Buffer, isUtf8 } from 'node:buffer';
import { hash } from 'node:crypto';
import type { Builtin } from './builtin.ts';
import { isArray, isSet, type Term } from './term.ts';

export const STRING_BUILTINS: Readonly<Record<string, Builtin>> = {
  'crypto.sha256': ([text]) => (typeof text === 'string' ? hash('sha256', text, 'hex') : undefined),
  'hex.encode': ([text]) =>
    typeof text === 'string' ? Buffer.from(text, 'utf8').toString('hex') : undefined,
  'hex.decode': ([text]) => (typeof text === 'string' ? fromHex(text) : undefined),
  'strings.any_prefix_match': ([search, base]) => anyAffix(search, base, false),
  'strings.any_suffix_match': ([search, base]) => anyAffix(search, base, true),
};

/** Bytes that are not UTF-8 are not text here; OPA keeps them as they are. */
function fromHex(text: string): string | undefined {
  if (!/^([0-9a-fA-F]{2})*$/.test(text)) return undefined;
  const bytes = Buffer.from(text, 'hex');
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined;
}

function anyAffix(search: Term | undefined, base: Term | undefined, suffix: boolean) {
  const [texts, affixes] = [strings(search), strings(base)];
  if (!texts || !affixes) return undefined;
  return suffix ? anyStarts(texts.map(reversed), affixes.map(reversed)) : anyStarts(texts, affixes);
}

/** A string, or an array or set of nothing but strings. */
function strings(term: Term | undefined): string[] | undefined {
  if (typeof term === 'string') return [term];
  const items = isSet(term) ? [...term.members.values()] : term;
  if (!isArray(items)) return undefined;
  return items.every((item) => typeof item === 'string') ? [...items] : undefined;
}

/**
 * Strings with a prefix sort right after that prefix, so one binary search per prefix is enough,
 * instead of comparing every text with every prefix.
 */
function anyStarts(texts: string[], prefixes: readonly string[]): boolean {
  const sorted = texts.sort();
  return prefixes.some((prefix) => firstFrom(sorted, prefix)?.startsWith(prefix) ?? false);
}

function firstFrom(sorted: readonly string[], least: string): string | undefined {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? '') < least) low = middle + 1;
    else high = middle;
  }
  return sorted[low];
}

/** By UTF-16 unit: surrogate pairs come out swapped, but the same way in both strings that are compared. */
function reversed(text: string): string {
  return text.split('').reverse().join('');
}
