import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Attack } from './attacks.ts';

const CALLS = 100;

/**
 * Connections that obey HTTP/2 and its windows, with a hundred calls each at a time for `ms`: a call
 * that ends is replaced by another.
 */
export function manyStreams(options: {
  readonly connections: number;
  readonly ms: number;
  readonly path?: string;
  say(stream: ClientHttp2Stream): void;
}): Attack {
  const { connections, ms, path = '/kms.reencrypt.v1.ReEncryptService/ReEncrypt', say } = options;
  return async (port) => {
    let struck = 0;
    let over = false;
    const begin = (session: ClientHttp2Session): void => {
      if (over || session.closed || session.destroyed) return;
      struck += 1;
      const stream = session.request({
        ':method': 'POST',
        ':path': path,
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      stream.on('error', () => {});
      stream.once('close', () => setImmediate(begin, session));
      stream.resume();
      say(stream);
    };
    const sessions = Array.from({ length: connections }, () => {
      const session = connect(`http://127.0.0.1:${port}`);
      session.on('error', () => {});
      for (let n = 0; n < CALLS; n += 1) begin(session);
      return session;
    });
    await sleep(ms);
    over = true;
    for (const session of sessions) session.destroy();
    return struck;
  };
}

/** A gRPC frame with the first `length` bytes of `body`. */
export function message(body: Buffer, length = body.length): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, body.subarray(0, length)]);
}

/** A call with as many pairs of a context as a message can hold. */
export const MANY_PAIRS: Buffer = message(
  Buffer.concat(
    Array.from({ length: 23_000 }, (_, n) => {
      const key = n.toString(36).padStart(4, '0');
      return Buffer.from(`\x12\x09\x0a\x04${key}\x12\x01v`);
    }),
  ),
);
