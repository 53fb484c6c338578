import type { handleBidiStreamingCall } from '@grpc/grpc-js';
import type { StreamReEncryptResponse } from '../gen/kms/reencrypt/v1/StreamReEncryptResponse.ts';
import { type Asked, type StreamParts, serveStream } from './serve-stream.ts';
import { createPlaces } from './stream-places.ts';

/** `StreamReEncrypt`, and the end of every open stream when the proxy ends. */
export function createStreamReEncrypt(parts: StreamParts & { readonly idleMs?: number }) {
  const places = createPlaces(parts.tools, parts.idleMs);
  const handler: handleBidiStreamingCall<Asked, StreamReEncryptResponse> = (stream) => {
    places.seat(stream, serveStream(stream, parts));
  };
  /** No stream takes a further item; each ends when the results of its items under way are sent. */
  return { handler, drain: places.drain };
}
