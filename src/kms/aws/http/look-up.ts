import { lookup as ask } from 'node:dns';
import type { LookupFunction } from 'node:net';

/** What Node has threads for: further ones would only wait, and those of connections given up go first. */
const MOST_AT_ONCE = 2;

/** Milliseconds after which an answer may be taken for lost: a good resolver knows the name and answers sooner. */
const LATE_MS = 250;

interface LookUpOptions {
  readonly ask?: LookupFunction;
  readonly lateMs?: number;
}

/** What is asked for one name. */
interface Asked {
  waiting: Parameters<LookupFunction>[2][];
  running: number;
  latestAt: number;
}

/**
 * Looks names up for connections that all ask in the same way. All that wait for a name get the first answer: with a
 * resolver that takes a second, each connection with a look-up of its own would have got hers after it was given up,
 * for as long as there are calls.
 */
export function createLookUp({
  ask: lookup = ask,
  lateMs = LATE_MS,
}: LookUpOptions = {}): LookupFunction {
  const names = new Map<string, Asked>();

  return (host, options, tell) => {
    const asked = names.get(host) ?? { waiting: [], running: 0, latestAt: 0 };
    names.set(host, asked);
    asked.waiting.push(tell);
    const late = performance.now() - asked.latestAt >= lateMs;
    if (asked.running > 0 && (asked.running >= MOST_AT_ONCE || !late)) return;
    asked.running += 1;
    asked.latestAt = performance.now();
    lookup(host, options, (...answer) => {
      asked.running -= 1;
      const told = asked.waiting;
      asked.waiting = [];
      for (const tellOne of told) tellOne(...answer);
    });
  };
}
