import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Attack } from './attacks.ts';

const CALLS = 100;
const RE_ENCRYPT = '/kms.reencrypt.v1.ReEncryptService/ReEncrypt';

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
  const { connections, ms, path = RE_ENCRYPT, say } = options;
  return async (port) => {
    let struck = 0;
    let over = false;
    const begin = (session: ClientHttp2Session): void => {
      if (over || session.closed || session.destroyed) return;
      struck += 1;
      const stream = ask(session, path);
      stream.once('close', () => setImmediate(begin, session));
      say(stream);
    };
    const sessions = dial(port, connections);
    for (const session of sessions) for (let n = 0; n < CALLS; n += 1) begin(session);
    await sleep(ms);
    over = true;
    for (const session of sessions) session.destroy();
    return struck;
  };
}

/** A hundred calls on each connection with the same bytes, of which the last come at one moment. */
export function atOneMoment(connections: number, bytes: Buffer): Attack {
  return async (port) => {
    const sessions = dial(port, connections);
    const streams = sessions.flatMap((session) =>
      Array.from({ length: CALLS }, () => ask(session, RE_ENCRYPT)),
    );
    for (const stream of streams) stream.write(bytes.subarray(0, -1));
    await sleep(2000);
    for (const stream of streams) stream.end(bytes.subarray(-1));
    await sleep(2000);
    for (const session of sessions) session.destroy();
    return streams.length;
  };
}

function dial(port: number, connections: number): ClientHttp2Session[] {
  return Array.from({ length: connections }, () => {
    const session = connect(`http://127.0.0.1:${port}`);
    session.on('error', () => {});
    return session;
  });
}

function ask(session: ClientHttp2Session, path: string): ClientHttp2Stream {
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.on('error', () => {});
  stream.resume();
  return stream;
}

/** A gRPC frame with the first `length` bytes of `body`. */
export function message(body: Buffer, length = body.length): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, body.subarray(0, length)]);
}

/** A call with so many pairs of a context. */
export function pairs(count: number): Buffer {
  const all = Array.from({ length: count }, (_, n) => {
    const key = n.toString(36).padStart(4, '0');
    return Buffer.from(`\x12\x09\x0a\x04${key}\x12\x01v`);
  });
  return message(Buffer.concat(all));
}
