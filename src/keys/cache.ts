import type { KeyFacts } from '../call.ts';
import { toRefusal } from '../errors.ts';

export interface CacheSettings {
  readonly ttlMs: number;
  /** How long "there is no such key" is believed. */
  readonly negativeTtlMs: number;
  readonly maxEntries: number;
  /** What one look-up may take, whoever waits for it. */
  readonly lookUpMs: number;
  readonly now: () => number;
  /** With the age of the facts, where they were there already. */
  readonly onLookUp: (outcome: 'hit' | 'miss' | 'negative', ageMs?: number) => void;
}

interface Entry {
  readonly asked: Promise<KeyFacts>;
  /** Once they are there. */
  facts: KeyFacts | undefined;
  expires: number;
  negative: boolean;
}

export type LookUp = (keyId: string, signal: AbortSignal) => Promise<KeyFacts>;

/** Most calls find their keys here, and need not wait for what is there. */
export type CachedLookUp = (keyId: string, signal: AbortSignal) => KeyFacts | Promise<KeyFacts>;

/**
 * Keeps facts for a bounded time: one look-up at a time for a key id however many wait for it,
 * "not found" for less long, other failures not at all. The oldest entry goes first.
 */
export function cacheLookUps(lookUp: LookUp, settings: CacheSettings): CachedLookUp {
  const entries = new Map<string, Entry>();

  return (keyId, signal) => {
    const known = entries.get(keyId);
    const leftMs = known ? known.expires - settings.now() : 0;
    if (known && leftMs > 0) {
      const ageMs = known.facts && settings.ttlMs - leftMs;
      settings.onLookUp(known.negative ? 'negative' : 'hit', ageMs);
      return known.facts ?? waitFor(known.asked, signal);
    }
    settings.onLookUp('miss');
    return waitFor(start(keyId), signal);
  };

  function start(keyId: string): Promise<KeyFacts> {
    const asked = lookUp(keyId, AbortSignal.timeout(settings.lookUpMs));
    const entry: Entry = { asked, facts: undefined, expires: Infinity, negative: false };
    entries.delete(keyId);
    entries.set(keyId, entry);
    const [oldest] = entries.keys();
    if (entries.size > settings.maxEntries && oldest !== undefined) entries.delete(oldest);
    asked.then(
      (facts) => {
        entry.facts = facts;
        entry.expires = settings.now() + settings.ttlMs;
      },
      (thrown) => {
        entry.negative = toRefusal(thrown).reason === 'KMS_KEY_NOT_FOUND';
        entry.expires = entry.negative ? settings.now() + settings.negativeTtlMs : 0;
        if (!entry.negative && entries.get(keyId) === entry) entries.delete(keyId);
      },
    );
    return asked;
  }
}

/** Waits no longer than the caller does; the look-up goes on for the others. */
function waitFor(asked: Promise<KeyFacts>, signal: AbortSignal): Promise<KeyFacts> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    const done = () => signal.removeEventListener('abort', abort);
    asked.then(resolve, reject).finally(done);
  });
}
