import { expect, test } from 'vitest';
import { lastError } from '../../src/client/last-error.ts';

const said = (error: string) =>
  `No connection established. Last error: ${error}. Resolution note: `;

const ALERT =
  '408D268D177F0000:error:0A00045C:SSL routines:ssl3_read_bytes:tlsv13 alert certificate required:../deps/openssl/ssl/record/rec_layer_s3.c:918:SSL alert number 116';

const HUNG_UP =
  'it hung up at once, as a server does that expects TLS (grpcs://) or does not accept the client certificate';

test.each([
  [
    'nobody there',
    said('Error: connect ECONNREFUSED 127.0.0.1:1'),
    'connect ECONNREFUSED 127.0.0.1:1',
  ],
  ['an alert of TLS', said(`Error: ${ALERT}`), 'tlsv13 alert certificate required'],
  ['an end without reason', said('Failed to connect (2026-11-29T14:58:33.862Z)'), HUNG_UP],
  ['an end during handshake', said('Error: read ECONNRESET'), HUNG_UP],
  ['a refusal of the proxy’s own', 'The proxy is shutting down.', 'The proxy is shutting down.'],
])('%s is reported without gRPC’s own wording', (_, message, told) => {
  expect(lastError(message)).toBe(told);
});
