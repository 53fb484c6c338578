import type { OutgoingHttpHeaders } from 'node:http2';
import { watchStreams } from './watch-streams.ts';

/** What we do not unpack: https://github.com/grpc/grpc/blob/master/doc/compression.md */
const ENCODING = 'grpc-encoding';
const IDENTITY = 'identity';

/**
 * Keeps grpc-js from unpacking messages: it answers a compressed one with UNIMPLEMENTED instead. It would
 * unpack all of a call that have come, at once and unbounded in number, each a thousand times as large as it came:
 * 700 kB over one connection held 600 MB. Ciphertexts get no smaller by being packed.
 */
export function refuseCompression(): { close(): void } {
  return watchStreams({
    created({ headers }) {
      const asked = headers?.[ENCODING];
      if (!headers || asked === undefined || asked === IDENTITY) return;
      headers[ENCODING] = `${String(asked).split(',')[0]}; only ${IDENTITY} is supported`;
    },
  });
}

/** Corrects what grpc-js says of the messages that we take. In place, because every answer has headers. */
export function tellEncodings(headers: OutgoingHttpHeaders): void {
  headers['grpc-accept-encoding'] = IDENTITY;
}
