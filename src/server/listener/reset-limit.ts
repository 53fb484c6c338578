import type { Server } from '@grpc/grpc-js';

/** How often a peer may reset streams: so many at once, then so many a second (CVE-2023-44487). */
const RESETS = { streamResetBurst: 50, streamResetRate: 20 };

/**
 * grpc-js hands its `commonServerOptions` to Node's HTTP/2 and has no option of its own for this
 * one. Must come before the connection injector is made. A test holds it to being heard.
 */
export function limitResets(server: Server): void {
  const options: unknown = Reflect.get(server, 'commonServerOptions');
  if (typeof options !== 'object' || options === null) {
    throw new Error('this grpc-js does not say where its HTTP/2 options are');
  }
  Object.assign(options, RESETS);
}
