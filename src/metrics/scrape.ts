import { setImmediate } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import { OPENMETRICS, toOpenMetrics } from './openmetrics.ts';

/** Texts a second that are made anew, a fifth of a core. Prometheus asks once in many seconds. */
const FRESH_A_SECOND = 100;

/** How old a text may be beyond that. */
const OLDEST_MS = 100;

/**
 * The registry in one format, made once for all requests in one turn of the event loop: it takes milliseconds. Not in
 * every turn, or whoever keeps asking would double the time of each, in which but one connection is accepted.
 * Bytes, because each answer that is not taken yet would hold a copy of a string.
 * @param now monotonic, in milliseconds
 */
export function createScrape(
  registry: Registry,
  now: () => number,
): (contentType: string) => Promise<Buffer> {
  const scrapes = new Map<string, Promise<Buffer>>();
  const latest = new Map<string, { readonly at: number; readonly text: Promise<Buffer> }>();
  let second = { at: 0, made: 0 };
  const begin = async (contentType: string): Promise<Buffer> => {
    await setImmediate();
    scrapes.delete(contentType);
    const text = (await registry.metrics()).replaceAll(/ Nan$/gm, ' NaN');
    return Buffer.from(contentType === OPENMETRICS ? toOpenMetrics(text) : text);
  };
  return (contentType) => {
    const begun = scrapes.get(contentType);
    if (begun !== undefined) return begun;
    const at = now();
    const last = latest.get(contentType);
    if (at - second.at >= 1000) second = { at, made: 0 };
    if (last && second.made >= FRESH_A_SECOND && at - last.at < OLDEST_MS) return last.text;
    second.made += 1;
    const text = begin(contentType);
    scrapes.set(contentType, text);
    latest.set(contentType, { at, text });
    return text;
  };
}
