import { createHmac, createSecretKey } from 'node:crypto';
import { type EncryptionContext, keysOf } from '../call.ts';

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
  // The same tenants come again and again: a Map look-up is a tenth of an HMAC.
  const marks = new Map<string, string>();
  const contexts = new WeakMap<EncryptionContext, string>();

  return { mark, context };

  function mark(value: string): string {
    const known = marks.get(value);
    if (known !== undefined) return known;
    const made = `hmac-sha256:${createHmac('sha256', secret).update(value).digest('hex')}`;
    if (value.length <= CACHED_LENGTH) {
      if (marks.size >= CACHED_VALUES) marks.clear();
      marks.set(value, made);
    }
    return made;
  }

  function context(pairs: EncryptionContext): string {
    let json = contexts.get(pairs);
    if (json === undefined) {
      json = `{${keysOf(pairs).map(pair).join(',')}}`;
      contexts.set(pairs, json);
    }
    return json;

    function pair(name: string): string {
      const value = pairs[name] ?? '';
      return `${JSON.stringify(name)}:${clear.has(name) ? JSON.stringify(value) : `"${mark(value)}"`}`;
    }
  }
}
