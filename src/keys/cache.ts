import { putLast } from '../caches/put-last.ts';
import type { KeyFacts } from '../call.ts';
import { Refusal, toRefusal } from '../errors.ts';

interface CacheSettings {
  readonly ttlMs: number;
  /** How long "there is no such key" is believed. */
  readonly negativeTtlMs: number;
  /** Most keys that are kept; missing ones do not count. */
  readonly maxEntries: number;
  /** How long one look-up may take, whoever waits for it. */
  readonly lookUpMs: number;
  readonly now: () => number;
  /** `ageMs`: the age of the facts, if they were cached. */
  readonly onLookUp: (outcome: 'hit' | 'miss' | 'negative', ageMs?: number) => void;
}

interface Entry {
  readonly asked: Promise<KeyFacts>;
  /** Undefined until they have come. */
  facts: KeyFacts | undefined;
  expires: number;
}

/** A key that does not exist. */
interface Missing {
  readonly refusal: Refusal;
  readonly expires: number;
}

export type LookUp = (keyId: string, signal: AbortSignal) => Promise<KeyFacts>;

/** Most calls find their keys here, and then need not wait. */
export type CachedLookUp = (keyId: string, signal: AbortSignal) => KeyFacts | Promise<KeyFacts>;

export interface KeyCache {
  readonly lookUp: CachedLookUp;
  /** These facts are no longer true: their key is looked up anew at the next call. */
  forget(facts: KeyFacts): void;
}

const MOST_MISSING = 1_000;

/**
 * Keeps facts for a bounded time: one look-up per key id at a time, however many wait for it. "Not found"
 * is kept for less long, other failures not at all. The oldest entry goes first. A caller can invent any
 * number of ids, so those of missing keys have a small store of their own.
 */
export function cacheLookUps(lookUp: LookUp, settings: CacheSettings): KeyCache {
  const { ttlMs, negativeTtlMs, maxEntries, now, onLookUp } = settings;
  const entries = new Map<string, Entry>();
  const missing = new Map<string, Missing>();

  return { lookUp: cached, forget };

  function cached(keyId: string, signal: AbortSignal): KeyFacts | Promise<KeyFacts> {
    const known = entries.get(keyId);
    const leftMs = known ? known.expires - now() : 0;
    if (known && leftMs > 0) {
      onLookUp('hit', known.facts && ttlMs - leftMs);
      return known.facts ?? waitFor(known.asked, signal);
    }
    const gone = missing.get(keyId);
    if (gone && gone.expires > now()) {
      onLookUp('negative');
      return Promise.reject(gone.refusal);
    }
    onLookUp('miss');
    return waitFor(start(keyId), signal);
  }

  function forget(facts: KeyFacts): void {
    const { requestedKeyId: keyId } = facts;
    if (entries.get(keyId)?.facts === facts) entries.delete(keyId);
  }

  function start(keyId: string): Promise<KeyFacts> {
    const asked = lookUp(keyId, AbortSignal.timeout(settings.lookUpMs));
    const entry: Entry = { asked, facts: undefined, expires: Infinity };
    putLast(entries, [keyId, entry], maxEntries);
    asked.then(
      (facts) => {
        entry.facts = facts;
        entry.expires = now() + ttlMs;
      },
      (thrown) => {
        if (entries.get(keyId) === entry) entries.delete(keyId);
        const refusal = toRefusal(thrown);
        if (refusal.reason !== 'KMS_KEY_NOT_FOUND') return;
        const gone = { refusal: withoutCause(refusal), expires: now() + negativeTtlMs };
        putLast(missing, [keyId, gone], MOST_MISSING);
      },
    );
    return asked;
  }
}

/** The cause holds the SDK's whole answer, 20 kB, which nobody logs for this reason. */
function withoutCause({ reason, message, kmsError, kmsRequestId }: Refusal): Refusal {
  return new Refusal(reason, { sentence: message, kmsError, kmsRequestId });
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
