import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { cutAfter } from '../../../src/server/listener/cut-after.ts';

/** A server with one connection that its client keeps. */
async function held() {
  const open = new Set<Socket>();
  const server = createServer((socket) => open.add(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.on('error', () => {});
  await once(server, 'connection');
  const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
  return { closed, open };
}

it.each([
  ['after its grace', 1, () => undefined],
  ['at once when no time is left', 60_000, () => AbortSignal.abort()],
  ['as soon as no time is left', 60_000, () => AbortSignal.timeout(50)],
])('what does not end by itself is cut %s, and counted', async (_, graceMs, hurry) => {
  const connection = await held();
  expect(await cutAfter({ ...connection, graceMs, hurry: hurry() })).toBe(1);
});
