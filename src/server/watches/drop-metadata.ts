import type { IncomingHttpHeaders } from 'node:http2';
import { WRONG_TIMEOUT } from './correct-timeouts.ts';
import { watchStreams } from './watch-streams.ts';

/** Headers that are read, by us or by grpc-js, and one that every client sends. */
const READ: ReadonlySet<string> = new Set([
  'authorization',
  'content-type',
  'grpc-accept-encoding',
  'grpc-encoding',
  'grpc-timeout',
  WRONG_TIMEOUT,
  'te',
  'traceparent',
  'user-agent',
]);

/** Only a token is longer. A header that is sent repeatedly, which takes a byte each time, is joined by Node. */
const MOST_CHARACTERS = 1024;

/** What gRPC allows in text: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests */
const TEXT = /^[ -~]*$/;

/**
 * Keeps from grpc-js what nobody reads: it makes a Buffer of each empty part of `x-bin: ,,,,`, 60,000 for a call
 * of 30 bytes once HPACK has seen one, and writes names and text that it does not like to stderr, tokens too.
 * 100 such calls, 21 kB, held 1.4 GB and everyone up for more than 10 s.
 */
export function dropMetadata(): { close(): void } {
  return watchStreams({
    created({ headers = {} }) {
      for (const name of Object.keys(headers)) {
        if (!name.startsWith(':') && !isWanted(name, headers)) drop(name, headers);
      }
    },
  });
}

function isWanted(name: string, headers: IncomingHttpHeaders): boolean {
  const text = headers[name];
  if (!READ.has(name) || typeof text !== 'string') return false;
  return (text.length <= MOST_CHARACTERS || name === 'authorization') && TEXT.test(text);
}

/** A wrong token must not become none, which may be a weaker way to identify. */
function drop(name: string, headers: IncomingHttpHeaders): void {
  if (name === 'authorization') headers.authorization = 'not text';
  else delete headers[name];
}
