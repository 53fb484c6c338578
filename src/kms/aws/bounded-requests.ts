import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';

/** Credentials have a few kilobytes. */
const MOST_BYTES = 256 * 1024;

const asking = new AsyncLocalStorage<boolean>();

/**
 * A provider that reads no endless answer: the SDK's own keep whatever a credentials service sends, until there
 * is no memory left for any call. They take no HTTP client of ours, so Node tells us of their answers.
 */
export function boundRequests<Args extends unknown[], T>(
  provide: (...args: Args) => Promise<T>,
): (...args: Args) => Promise<T> {
  return (...args) => asking.run(true, provide, ...args);
}

/** Published once an answer's head is read, and before its body is. */
subscribe('http.client.response.finish', (message) => {
  if (asking.getStore()) bound((message as { readonly response: IncomingMessage }).response);
});

function bound(response: IncomingMessage): void {
  const push = response.push.bind(response);
  let bytes = 0;
  response.push = (piece: Buffer | null, encoding?: BufferEncoding) => {
    bytes += piece?.byteLength ?? 0;
    if (bytes <= MOST_BYTES) return push(piece, encoding);
    response.destroy(
      new Error(`the credentials service answered with more than ${MOST_BYTES} bytes`),
    );
    return false;
  };
}
