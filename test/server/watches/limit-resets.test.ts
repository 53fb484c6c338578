import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createTokenBucket } from '../../../src/limits/token-bucket.ts';
import { limitResets, RESET_LIMITS } from '../../../src/server/watches/limit-resets.ts';
import { watchStreams } from '../../../src/server/watches/watch-streams.ts';
import { callHeaders, FLAG, frame, TYPE, uint32 } from '../../faults/attack/frames.ts';
import { closing, HEADERS, useDoor } from './use-door.ts';

const world = useDoor();

describe('a peer that resets its calls', () => {
  let watch: { close(): void };
  beforeEach(() => {
    watch = limitResets({
      connections: world.door.connections,
      createBucket: () => createTokenBucket(RESET_LIMITS),
    });
  });
  afterEach(() => watch.close());

  test('may cancel as many at once as it may have', async () => {
    await resetAtOnce(100);
    await sleep(50);
    expect([world.session.closed, world.session.destroyed]).toEqual([false, false]);
    const call = world.wholeCall();
    await closing(call);
    expect(call.rstCode).toBe(0);
  });

  test('over and over is cut off, and others are served', async () => {
    const closed = closing(world.session);
    // On a slow machine the allowance grows meanwhile. At 1,000 resets nghttp2 itself would cut it off.
    for (let round = 0; round < 9 && !world.session.closed; round += 1) await resetAtOnce(100);
    await closed;
    expect(await world.caller.whoAmI()).toContain('127.0.0.1');
  });

  test('is cut off between two frames, however many arrive in one piece', async () => {
    const whole = (n: number) => [
      frame(TYPE.headers, FLAG.endHeaders, n, callHeaders({ ':path': HEADERS[':path'] })),
      frame(TYPE.data, FLAG.endStream, n, Buffer.alloc(5)),
      frame(TYPE.rstStream, 0, n, uint32(8)),
    ];
    const calls = Array.from({ length: 300 }, (_, n) => whole(2 * n + 1));
    const began = performance.now();
    await world.frames(calls.flat()).closed;
    const { burst, perSecond } = RESET_LIMITS;
    const most = burst + (perSecond * (performance.now() - began)) / 1000;
    expect(world.door.arrivals.length).toBeGreaterThan(50);
    // Calls already on their way by then arrive too.
    expect(world.door.arrivals.length).toBeLessThan(most + 50);
  });

  // RFC 9113 does not restrict the code that a peer resets with.
  test('with the code NO_ERROR is cut off too', async () => {
    const whole = (n: number) => [
      frame(TYPE.headers, FLAG.endHeaders, n, callHeaders({ ':path': HEADERS[':path'] })),
      frame(TYPE.rstStream, 0, n, uint32(0)),
    ];
    const calls = Array.from({ length: 150 }, (_, n) => whole(2 * n + 1));
    await world.frames(calls.flat()).closed;
    expect(await world.caller.whoAmI()).toContain('127.0.0.1');
  });

  test('is left alone while its calls end well, however many there are', async () => {
    for (let round = 0; round < 3; round += 1) {
      const calls = Array.from({ length: 100 }, world.wholeCall);
      await Promise.all(calls.map(closing));
    }
    expect([world.session.closed, world.session.destroyed]).toEqual([false, false]);
  });

  // Node.js 24.21 crashes the process if garbage is collected before it is done with such a stream.
  test('is not cut off while Node reads what it sent', async () => {
    const whileRead: (boolean | undefined)[] = [];
    const look = watchStreams({
      closed: ({ stream }) => whileRead.push(stream.session?.destroyed),
    });
    const tooMany = Buffer.concat(Array.from({ length: 200 }, () => Buffer.from('\0\x01a\x01b')));
    const whole = (n: number) => [
      frame(TYPE.headers, FLAG.endHeaders, n, callHeaders({ ':path': HEADERS[':path'] })),
      frame(TYPE.headers, FLAG.endHeaders | FLAG.endStream, n, tooMany),
    ];
    const calls = Array.from({ length: 150 }, (_, n) => whole(2 * n + 1));
    await world.frames(calls.flat()).closed;
    look.close();
    expect(whileRead.length).toBeGreaterThan(100);
    expect(new Set(whileRead)).toEqual(new Set([false]));
    expect(await world.caller.whoAmI()).toContain('127.0.0.1');
  });
});

async function resetAtOnce(count: number): Promise<void> {
  const calls = Array.from({ length: count }, () => world.session.request(HEADERS));
  for (const call of calls) call.on('error', () => {}).close(8);
  await Promise.all(calls.map(closing));
}
