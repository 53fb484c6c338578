import { once } from 'node:events';
import { chmod, chown, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { type ClientHttp2Session, connect as connectHttp2, constants } from 'node:http2';
import { connect, createServer, Socket } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Refusal } from '../../../src/errors.ts';
import { shareStreams } from '../../../src/server/watches/share-streams.ts';
import { type Caller, createCaller, createDoor, type Door, LIMITS } from './harness.ts';

let door: Door;
let folder: string;
const callers: Caller[] = [];

const hasV6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
);

const call = (address: string): Caller => {
  const caller = createCaller(address);
  callers.push(caller);
  return caller;
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'listener-'));
  door = createDoor();
});

afterEach(async () => {
  for (const caller of callers.splice(0)) caller.close();
  await door.close();
});

describe('TCP', () => {
  test('reports its port and who is at the other end', async () => {
    const { address } = await door.open();
    expect(address).toMatch(/^127\.0\.0\.1:[1-9]\d+$/);
    expect(await call(address).whoAmI()).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(door.arrivals).toEqual([
      {
        peer: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
        socketIdentity: '',
        authorization: '',
        accessKeyId: '',
      },
    ]);
  });

  test('identifies its peer once per connection, and forgets it when that ends', async () => {
    const { listener, address } = await door.open();
    const caller = call(address);
    await caller.whoAmI();
    await caller.whoAmI();
    expect(door.arrivals[0]).toBe(door.arrivals[1]);
    expect(door.connections.size).toBe(1);
    caller.close();
    await expect.poll(() => door.connections.size).toBe(0);
    expect(listener.openConnections).toBe(0);
  });

  test('names the address that it cannot listen on', async () => {
    const { address } = await door.open();
    await expect(door.open({ address })).rejects.toThrow(
      new RegExp(`^cannot listen on ${address}: .*EADDRINUSE`),
    );
  });

  test.each([
    'nowhere',
    ':80',
    '127.0.0.1:http',
    '127.0.0.1:65536',
    '127.0.0.1:-1',
    '127.0.0.1:1.5',
  ])('says how to write an address that is not %s', async (address) => {
    await expect(door.open({ address })).rejects.toThrow(
      `cannot listen on ${address}: it must be host:port`,
    );
  });

  test.runIf(hasV6)('reports an IPv6 address in the form that it takes', async () => {
    const { address } = await door.open({ address: '[::1]:0' });
    expect(address).toMatch(/^\[::1\]:[1-9]\d+$/);
    expect(await call(address).whoAmI()).toContain('::1');
  });

  test('tells two connections apart that come from one port, to two listeners', () => {
    const arrivals = ['one', 'two'].map((socketIdentity) => ({
      peer: '127.0.0.1:1',
      socketIdentity,
      authorization: '',
      accessKeyId: '',
    }));
    const peers = arrivals.map((arrival) => {
      const socket = new Socket();
      door.connections.add(socket, arrival);
      return { getPeer: () => String(socket.remoteAddress) };
    });
    expect(peers.map((peer) => door.connections.of(peer))).toEqual(arrivals);
  });

  test('has no peer for a call that came by another way', () => {
    expect(() => door.connections.of({ getPeer: () => '127.0.0.1:1' })).toThrow('not known');
  });

  // grpc-js names a peer so that left before its call began. An error of ours would be logged as a fault.
  test('treats a call whose connection has ended as cancelled by its caller', () => {
    const gone = { getPeer: () => 'unknown' };
    expect(() => door.connections.of(gone)).toThrow(new Refusal('CANCELLED').message);
  });
});

describe('a Unix socket', () => {
  test('has its configured mode, and its name identifies the caller', async () => {
    const address = `unix:${folder}/a/proxy.sock`;
    const umask = process.umask();
    const opened = await door.open({ address, mode: 0o640, socketIdentity: 'billing' });
    expect([opened.address, process.umask()]).toEqual([address, umask]);
    expect((await stat(`${folder}/a/proxy.sock`)).mode & 0o777).toBe(0o640);
    expect((await stat(`${folder}/a`)).mode & 0o007).toBe(0);
    expect(await call(address).whoAmI()).toBe(`${folder}/a/proxy.sock`);
    expect(door.arrivals[0]?.socketIdentity).toBe('billing');
  });

  test('tells callers of two sockets apart', async () => {
    const names = ['one', 'two'];
    for (const name of names) {
      await door.open({ address: `unix:${folder}/${name}`, socketIdentity: name });
    }
    for (const name of names) await call(`unix:${folder}/${name}`).whoAmI();
    expect(door.arrivals.map(({ socketIdentity }) => socketIdentity)).toEqual(names);
  });

  test('replaces a dead one', async () => {
    const path = `${folder}/stale.sock`;
    await leaveStaleSocket(path);
    await door.open({ address: `unix:${path}` });
    expect(await call(`unix:${path}`).whoAmI()).toBe(path);
  });

  test('is removed by a drain', async () => {
    const { listener } = await door.open({ address: `unix:${folder}/gone.sock` });
    await listener.drain(100);
    await expect(stat(`${folder}/gone.sock`)).rejects.toThrow('ENOENT');
  });

  test('may be gone before the drain, and may be in a folder like /tmp', async () => {
    await chmod(folder, 0o1777);
    const { listener } = await door.open({ address: `unix:${folder}/gone.sock` });
    await rm(`${folder}/gone.sock`);
    expect(await listener.drain(100)).toBe(0);
  });

  test('may have the longest path that the kernel allows, and leaves nothing else in its folder', async () => {
    const path = join(folder, 's'.repeat(107 - folder.length - 1));
    await door.open({ address: `unix:${path}` });
    expect(await readdir(folder)).toEqual([basename(path)]);
    expect(await call(`unix:${path}`).whoAmI()).toBe(path);
  });

  test('leaves a newer socket of the same name alone', async () => {
    const address = `unix:${folder}/rolled.sock`;
    const { listener } = await door.open({ address });
    await rm(`${folder}/rolled.sock`);
    await door.open({ address });
    await listener.drain(100);
    expect(await call(address).whoAmI()).toBe(`${folder}/rolled.sock`);
  });

  test.each([
    ['a live one', 'another process listens there'],
    ['a file', 'not a socket'],
    ['a folder that everyone may write to', 'make it 0750'],
    ['a link', 'not a socket'],
  ])('does not replace %s', async (what, says) => {
    const path = `${folder}/taken`;
    const live = createServer();
    if (what === 'a live one') await new Promise<void>((done) => live.listen(path, done));
    if (what === 'a file') await writeFile(path, '');
    if (what === 'a link') await symlink(`${folder}/elsewhere`, path);
    if (what.startsWith('a folder')) await chmod(folder, 0o777);
    await expect(door.open({ address: `unix:${path}` })).rejects.toThrow(says);
    live.close();
  });
});

test.runIf(process.getuid?.() === 0)(
  'a Unix socket is not made in a folder that somebody else owns',
  async () => {
    await chown(folder, 65_534, 65_534);
    const address = `unix:${folder}/proxy.sock`;
    await expect(door.open({ address })).rejects.toThrow('somebody else owns');
  },
);

describe('limits', () => {
  test('turn away connections over the maximum, and others are served', async () => {
    const refused: string[] = [];
    const { address } = await door.open({
      limits: { ...LIMITS, maxConnections: 3 },
      onRefused: (why) => refused.push(why),
    });
    const caller = call(address);
    await caller.whoAmI();
    const others = await Promise.all([dial(address), dial(address), dial(address)]);
    await expect.poll(() => refused).toEqual(['too_many_connections', 'too_many_connections']);
    expect(await caller.whoAmI()).toContain('127.0.0.1');
    for (const socket of others) socket.destroy();
  });

  test('let silent peers shut out nobody else, and a peer that speaks HTTP/2 keeps its place', async () => {
    const { address } = await door.open({ limits: { ...LIMITS, maxConnections: 3 } });
    const first = call(address);
    const path = await first.whoAmI();
    const silent = await Promise.all(Array.from({ length: 9 }, () => dial(address)));
    await sleep(50);
    await call(address).whoAmI();
    expect(await first.whoAmI()).toBe(path);
    for (const socket of silent) socket.destroy();
  });

  test('let newcomers in while all places are taken by connections that only speak HTTP/2', async () => {
    const refused: string[] = [];
    const { address } = await door.open({
      limits: { ...LIMITS, maxConnections: 3 },
      onRefused: (why) => refused.push(why),
    });
    const idle: ClientHttp2Session[] = [];
    for (let n = 0; n < 4; n += 1) idle.push(await speak(address));
    expect(await call(address).whoAmI()).toContain('127.0.0.1');
    await expect
      .poll(() => idle.map(({ destroyed }) => destroyed))
      .toEqual([true, true, true, false]);
    expect(new Set(refused)).toEqual(new Set(['too_many_connections']));
    for (const session of idle) session.destroy();
  });

  test('tell a caller whose connection is cut: its next call, perhaps on its way, is then sent again', async () => {
    const watch = shareStreams({ connections: door.connections, streaming: new Set(), most: 10 });
    const { address } = await door.open({ limits: { ...LIMITS, maxConnections: 3 } });
    const session = await speak(address);
    const path = { ':path': '/test.Door/WhoAmI', ':method': 'POST' };
    const served = session.request({ ...path, 'content-type': 'application/grpc' });
    served.resume().end(Buffer.alloc(5));
    await once(served, 'close');
    const told = once(session, 'goaway');
    const others = [await speak(address), await speak(address)];
    expect((await told).slice(0, 2)).toEqual([constants.NGHTTP2_NO_ERROR, 1]);
    for (const other of others) other.destroy();
    watch.close();
  });

  test.each([
    ['says nothing', ''],
    ['sends only the preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ])('cut a peer that %s', async (_, bytes) => {
    const refused: string[] = [];
    const { address } = await door.open({
      limits: { ...LIMITS, prefaceTimeoutMs: 50 },
      onRefused: (why) => refused.push(why),
    });
    const caller = call(address);
    await caller.whoAmI();
    const socket = await dial(address);
    socket.resume();
    socket.write(bytes);
    await new Promise((closed) => socket.once('close', closed));
    expect(refused).toEqual(['preface_timeout']);
    expect(await caller.whoAmI()).toContain('127.0.0.1');
  });
});

describe('a drain', () => {
  test('finishes accepted calls and accepts no new connection', async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    door = createDoor(() => held);
    const { listener, address } = await door.open();
    const answer = call(address).whoAmI();
    await expect.poll(() => door.arrivals.length).toBe(1);
    const drained = listener.drain(5000);
    await expect(dial(address)).rejects.toThrow('ECONNREFUSED');
    release();
    expect(await answer).toContain('127.0.0.1');
    expect(await drained).toBe(0);
  });

  test('cuts what is left when its time is up, even a connection that has said nothing', async () => {
    door = createDoor(() => sleep(60_000, undefined, { ref: false }));
    const limits = { ...LIMITS, prefaceTimeoutMs: 60_000 };
    const { listener, address } = await door.open({ limits });
    const answer = call(address).whoAmI();
    const idle = await dial(address);
    await expect.poll(() => door.arrivals.length).toBe(1);
    const [cut] = await Promise.all([
      listener.drain(50),
      expect(answer).rejects.toThrow(/CANCELLED|UNAVAILABLE/),
    ]);
    expect(cut).toBeGreaterThan(0);
    idle.destroy();
  });
});

/** Over a connection that has no calls yet. */
async function speak(address: string): Promise<ClientHttp2Session> {
  const session = connectHttp2(`http://${address}`).on('error', () => {});
  await once(session, 'remoteSettings');
  return session;
}

function dial(address: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: Number(address.split(':')[1]) });
    socket.once('connect', () => resolve(socket));
    socket.on('error', reject);
  });
}

/** libuv removes the socket file at close, so the file is renamed before. */
async function leaveStaleSocket(path: string): Promise<void> {
  const { rename } = await import('node:fs/promises');
  const server = createServer();
  await new Promise<void>((done) => server.listen(`${path}.live`, done));
  await rename(`${path}.live`, path);
  await new Promise((done) => server.close(done));
}
