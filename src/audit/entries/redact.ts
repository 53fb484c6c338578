import { createHmac, createSecretKey } from 'node:crypto';
import { contextKeys, type EncryptionContext } from '../../encryption-context.ts';

export interface Redactor {
  /** `hmac-sha256:` and 64 hex characters; the same value gives the same mark under one install key. */
  mark(value: string): string;
  /** Canonical JSON of a context: keys in clear, values as marks unless their key is allowed. */
  context(context: EncryptionContext): string;
}

const CACHED_VALUES = 4_096;
const CACHED_LENGTH = 256;

/** @param key the install key, 32 bytes; @param clearKeys context keys whose values may be read. */
export function createRedactor(key: Uint8Array, clearKeys: readonly string[]): Redactor {
  const secret = createSecretKey(key);
  const clear = new Set(clearKeys);
  const names = new Map<string, { readonly json: string; readonly clear: boolean }>();
  // The same tenants come again and again: a Map look-up is a tenth of an HMAC.
  const marks = new Map<string, string>();

  return { mark: (value) => quoted(value).slice(1, -1), context };

  /** With its quotes in one string: V8 would flatten a concatenation each time that it is written. */
  function quoted(value: string): string {
    const known = marks.get(value);
    if (known !== undefined) return known;
    const digest = createHmac('sha256', secret).update(value).digest('hex');
    const made = JSON.stringify(`hmac-sha256:${digest}`);
    remember(marks, value, made);
    return made;
  }

  function context(pairs: EncryptionContext): string {
    let json = '';
    for (const key of contextKeys(pairs)) {
      const name = nameOf(key);
      const value = pairs[key] ?? '';
      const shown = name.clear ? JSON.stringify(value) : quoted(value);
      json += json === '' ? `{${name.json}${shown}` : `,${name.json}${shown}`;
    }
    return json === '' ? '{}' : `${json}}`;
  }

  function nameOf(key: string) {
    const known = names.get(key);
    if (known !== undefined) return known;
    const made = { json: `${JSON.stringify(key)}:`, clear: clear.has(key) };
    remember(names, key, made);
    return made;
  }
}

/** A full cache is emptied: the few values that come again and again are soon back. */
function remember<V>(cache: Map<string, V>, key: string, value: V): void {
  if (key.length > CACHED_LENGTH) return;
  if (cache.size >= CACHED_VALUES) cache.clear();
  cache.set(key, value);
}
