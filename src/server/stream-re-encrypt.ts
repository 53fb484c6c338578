import type { handleBidiStreamingCall } from '@grpc/grpc-js';
import { limited, Refusal } from '../errors.ts';
import type { StreamReEncryptResponse } from '../gen/kms/reencrypt/v1/StreamReEncryptResponse.ts';
import { type Asked, type OpenStream, type StreamParts, serveStream } from './serve-stream.ts';

/** Each may make the proxy hold 16 messages that grpc-js reads ahead. */
const MOST_STREAMS = 32;

/** Milliseconds without an item after which a stream gives way to another. */
const IDLE_MS = 10_000;

/** `StreamReEncrypt`, and the end of every open stream when the proxy ends. */
export function createStreamReEncrypt(parts: StreamParts & { readonly idleMs?: number }) {
  const { tools, idleMs = IDLE_MS } = parts;
  const open = new Set<OpenStream>();
  const handler: handleBidiStreamingCall<Asked, StreamReEncryptResponse> = (stream) => {
    const one = serveStream(stream, parts);
    if (open.size >= MOST_STREAMS && !makeRoom(open, idleMs)) {
      const refusal = limited('streams', 1_000);
      tools.turnedAway(refusal);
      return one.close(refusal);
    }
    open.add(one);
    stream.once('cancelled', () => open.delete(one));
  };
  return {
    handler,
    /** No stream takes a further item; each ends when the results of those it has are told. */
    drain() {
      for (const { close } of open) close(new Refusal('DRAINING'));
    },
  };
}

/** Ends the stream that has been idle for longest. False where none has been for long. */
function makeRoom(open: Set<OpenStream>, idleMs: number): boolean {
  const [idlest] = [...open].sort((one, other) => other.idleFor() - one.idleFor());
  if (!idlest || idlest.idleFor() < idleMs) return false;
  open.delete(idlest);
  idlest.close(limited('streams, of which this one was idle', 1_000));
  return true;
}
