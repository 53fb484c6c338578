import { credentials } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { endExpired } from '../../../src/server/watches/end-expired.ts';
import { createAuthority } from '../../helpers/certificates.ts';
import { createCaller, createDoor, type Door, LIMITS } from '../listener/harness.ts';

const ca = createAuthority();
const server = ca.issue({ dns: ['proxy.example'], usage: 'server' });
const tls = {
  clientCertificates: 'required' as const,
  current: () => ({ cert: server.cert, key: server.key, ca: ca.cert }),
  onChange: () => {},
};
const END = new Date(Math.ceil(Date.now() / 1000) * 1000 + 3_600_000);
const own = ca.issue({ uris: ['spiffe://example.org/a'], usage: 'client', notAfter: END });

let door: Door;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  door = createDoor();
});
afterEach(async () => {
  vi.useRealTimers();
  await door.close();
});

/** A caller over mutual TLS whose certificate has `leftMs` left, by the clock of the watch. */
async function openCaller(leftMs: number) {
  const watch = endExpired({ connections: door.connections, now: () => END.getTime() - leftMs });
  const { address } = await door.open({ tls, limits: LIMITS });
  const [root, key, cert] = [ca.cert, own.key, own.cert].map((pem) => Buffer.from(pem));
  const creds = credentials.createSsl(root ?? null, key ?? null, cert ?? null);
  const caller = createCaller(address, creds, { 'grpc.ssl_target_name_override': 'proxy.example' });
  return {
    /** Who calls, by the address of its connection. */
    call: caller.whoAmI,
    close() {
      caller.close();
      watch.close();
    },
  };
}

test.each([
  [10_000, 9_000],
  [1_500, 1_500],
])(
  'a connection whose client certificate has %d ms left takes new calls for %d, and none fails',
  async (leftMs, untilMs) => {
    const { call, close } = await openCaller(leftMs);
    const first = await call();
    vi.advanceTimersByTime(untilMs - 1);
    for (let calls = 0; calls < 3; calls += 1) expect(await call()).toBe(first);
    vi.advanceTimersByTime(1);
    await expect.poll(() => call()).not.toBe(first);
    close();
  },
);

test('a call under way when its connection ends is answered', async () => {
  const held = Promise.withResolvers<void>();
  door = createDoor(() => held.promise);
  const { call, close } = await openCaller(5_000);
  const answered = call();
  await expect.poll(() => door.arrivals.length).toBe(1);
  vi.advanceTimersByTime(5_000);
  const next = call();
  await expect.poll(() => door.arrivals.length).toBe(2);
  held.resolve();
  expect(await answered).not.toBe(await next);
  close();
});
