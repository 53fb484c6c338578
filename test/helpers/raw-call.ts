import { Buffer } from 'node:buffer';
import type { ClientHttp2Session, IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';

/** A gRPC message with its head; `length` and `compressed` may lie. */
export function framed(body: Buffer, { length = body.length, compressed = 0 } = {}): Buffer {
  const head = Buffer.from([compressed, 0, 0, 0, 0]);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, body]);
}

/** Sends bytes to a method, and returns all headers and trailers of the answer. */
export function sendRaw(
  session: ClientHttp2Session,
  path: string,
  bytes: Buffer,
  headers: OutgoingHttpHeaders = {},
): Promise<IncomingHttpHeaders> {
  return new Promise((resolve, reject) => {
    const call = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    const all: IncomingHttpHeaders = {};
    call.on('response', (some) => void Object.assign(all, some));
    call.on('trailers', (some) => void Object.assign(all, some));
    call.on('error', reject).on('close', () => resolve(all));
    call.resume();
    call.end(bytes);
  });
}
