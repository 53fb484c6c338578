import type { handleBidiStreamingCall } from '@grpc/grpc-js';
import { limited, Refusal } from '../errors.ts';
import type { StreamReEncryptResponse } from '../gen/kms/reencrypt/v1/StreamReEncryptResponse.ts';
import { type Asked, type OpenStream, type StreamParts, serveStream } from './serve-stream.ts';

/** Each may make the proxy hold 16 results that nobody takes, and what of its window is not read. */
const MOST_STREAMS = 32;

/** Idle milliseconds after which a stream may lose its place to another. */
const IDLE_MS = 10_000;

/** `StreamReEncrypt`, and the end of every open stream when the proxy ends. */
export function createStreamReEncrypt(parts: StreamParts & { readonly idleMs?: number }) {
  const { tools, idleMs = IDLE_MS } = parts;
  const open = new Set<OpenStream>();
  const leaving = new Set<OpenStream>();
  const handler: handleBidiStreamingCall<Asked, StreamReEncryptResponse> = (stream) => {
    const one = serveStream(stream, parts);
    stream.once('cancelled', () => {
      open.delete(one);
      leaving.delete(one);
    });
    if (open.size >= MOST_STREAMS && !makeRoom(one)) {
      const refusal = limited('streams', 1_000);
      tools.turnedAway(refusal);
      return one.close(refusal);
    }
    open.add(one);
  };
  return {
    handler,
    /** No stream takes a further item; each ends when the results of its items under way are sent. */
    drain() {
      for (const { close } of open) close(new Refusal('DRAINING'));
    },
  };

  /** Whether another stream loses its place to this one. Its items under way are still answered. */
  function makeRoom({ peer }: OpenStream): boolean {
    if (leaving.size >= MOST_STREAMS) return false;
    const idle = idlest(open, idleMs);
    const one = idle ?? oldestOfMost(open, peer);
    if (!one) return false;
    open.delete(one);
    leaving.add(one);
    one.close(limited(idle ? IDLE : HAS_MOST, 1_000));
    return true;
  }
}

const IDLE = 'streams, of which this one was idle';
const HAS_MOST = 'streams, most of them over this connection';

/** The stream that has been idle for longest. Undefined if none has been idle for `idleMs`. */
function idlest(open: Iterable<OpenStream>, idleMs: number): OpenStream | undefined {
  const [one] = [...open].sort((one, other) => other.idleFor() - one.idleFor());
  return one && one.idleFor() >= idleMs ? one : undefined;
}

/** The oldest stream of the peer that has most. Undefined if `peer` would then have as many. */
function oldestOfMost(open: Iterable<OpenStream>, peer: string): OpenStream | undefined {
  const held = Map.groupBy(open, (one) => one.peer);
  const [most = []] = [...held.values()].sort((one, other) => other.length - one.length);
  return most.length > (held.get(peer)?.length ?? 0) + 1 ? most[0] : undefined;
}
