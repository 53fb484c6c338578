import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callHeaders, FLAG, frame, PREFACE, SETTINGS, TYPE } from '../faults/attack/frames.ts';
import { type RunningProxy, startProxy } from '../helpers/proxy.ts';

const CANCEL = Buffer.from([0, 0, 0, 8]);
let proxy: RunningProxy;
beforeAll(async () => {
  proxy = await startProxy();
});
afterAll(() => proxy.stop());

/** So many calls on one connection, each reset at once. */
function resetCalls(count: number, headers: Readonly<Record<string, string>> = {}) {
  const [host = '', port] = proxy.endpoint.split(':');
  const socket = connect({ port: Number(port), host }).on('error', () => {});
  const calls = Array.from({ length: count }, (_, call) => [
    frame(TYPE.headers, FLAG.endHeaders, 2 * call + 1, callHeaders(headers)),
    frame(TYPE.rstStream, 0, 2 * call + 1, CANCEL),
  ]);
  socket.write(Buffer.concat([PREFACE, SETTINGS, ...calls.flat()]));
  return socket.resume();
}

test('the gRPC door ends a connection whose calls are reset over and over', async () => {
  // Of many more in one piece, nghttp2 itself would; and it ends those that are idle, but later.
  await once(resetCalls(180), 'close', { signal: AbortSignal.timeout(5_000) });
});

test('the gRPC door drops metadata that nobody reads, and keeps nothing of a call that has ended', async () => {
  const seen: { readonly stream: ServerHttp2Stream; readonly headers: IncomingHttpHeaders }[] = [];
  const note = (message: unknown) => void seen.push(message as (typeof seen)[number]);
  subscribe('http2.server.stream.created', note);
  const socket = resetCalls(1, { 'x-bin': ',,,,', 'user-agent': 'test' });
  await expect.poll(() => seen.map(({ stream }) => stream.eventNames())).toEqual([['error']]);
  expect(Object.keys(seen[0]?.headers ?? {})).toContain('user-agent');
  expect(Object.keys(seen[0]?.headers ?? {})).not.toContain('x-bin');
  unsubscribe('http2.server.stream.created', note);
  socket.destroy();
});
