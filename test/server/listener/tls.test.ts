import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { credentials } from '@grpc/grpc-js';
import { stdSerializers } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  createTlsFiles,
  type TlsFiles,
  type TlsFilesOptions,
} from '../../../src/server/tls/files.ts';
import { createAuthority, type Issued, type Wants } from '../../helpers/certificates.ts';
import { type Caller, createCaller, createDoor, type Door, LIMITS } from './harness.ts';

const ca = createAuthority();
const BILLING: Wants = { uris: ['spiffe://example.org/billing'], usage: 'client' };
const PROXY: Wants = { dns: ['proxy.example'], usage: 'server' };

const STRANGER = 'no CA of ours has signed the client’s certificate';

/** A line that says the same sentence twice at its end. */
const SAID_TWICE = /: (.+): \1$/;

let door: Door;
let folder: string;
let files: TlsFiles;
/** As log lines show them. */
let alarms: string[];
const callers: Caller[] = [];

async function put(issued: Issued, clientCa = ca.cert): Promise<void> {
  await writeFile(join(folder, 'key.pem'), issued.key);
  await writeFile(join(folder, 'cert.pem'), issued.cert);
  await writeFile(join(folder, 'ca.pem'), clientCa);
}

async function openDoor(
  options: Partial<TlsFilesOptions> = {},
  onRefused = () => {},
  limits = LIMITS,
) {
  files = await createTlsFiles({
    certFile: join(folder, 'cert.pem'),
    keyFile: join(folder, 'key.pem'),
    clientCaFile: join(folder, 'ca.pem'),
    clientCertificates: 'required',
    pollMs: 60_000,
    now: Date.now,
    onAlarm: (error) => alarms.push(stdSerializers.err(error).message),
    ...options,
  });
  return door.open({ tls: files, limits, onRefused });
}

function caller(address: string, issued?: Issued): Caller {
  const pair = issued && ([Buffer.from(issued.key), Buffer.from(issued.cert)] as const);
  const creds = credentials.createSsl(Buffer.from(ca.cert), pair?.[0] ?? null, pair?.[1] ?? null);
  const made = createCaller(address, creds, {
    'grpc.ssl_target_name_override': 'proxy.example',
    'grpc.enable_retries': 0,
  });
  callers.push(made);
  return made;
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tls-'));
  door = createDoor();
  alarms = [];
  await put(ca.issue(PROXY));
});

afterEach(async () => {
  for (const made of callers.splice(0)) made.close();
  await door.close();
  files?.close();
});

const withChain = (leaf: Issued, ...above: readonly Issued[]): Issued => ({
  ...leaf,
  cert: [leaf, ...above].map(({ cert }) => cert).join(''),
});

/** A caller's certificate, sent with its issuer's and with this many others. */
const signedBy = (issuer: Issued, others = 0): Issued =>
  withChain(issuer.issue(BILLING), issuer, ...Array.from({ length: others }, () => issuer));

/** CAs each below the one before; the last sends them all. */
function chainOf(length: number): Issued {
  let last = ca.issue({ ca: true });
  for (let depth = 1; depth < length; depth += 1) {
    last = withChain(last.issue({ ca: true }), last);
  }
  return last;
}

describe('mutual TLS', () => {
  test('passes on the verified certificate', async () => {
    const { address } = await openDoor();
    const client = ca.issue(BILLING);
    await caller(address, client).whoAmI();
    expect(Buffer.from(door.arrivals[0]?.certificate ?? [])).toEqual(client.der);
    expect(door.arrivals[0]?.peer).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  test('accepts a caller whose CA is below ours, if it sends that CA too', async () => {
    const { address } = await openDoor();
    const below = ca.issue({ commonName: 'below', ca: true });
    const client = below.issue(BILLING);
    await caller(address, withChain(client, below)).whoAmI();
    expect(Buffer.from(door.arrivals[0]?.certificate ?? [])).toEqual(client.der);
  });

  test.each<[string, string, () => Issued | undefined]>([
    ['without a certificate', 'peer did not return a certificate', () => undefined],
    ['of another CA', STRANGER, () => createAuthority({ commonName: 'Other CA' }).issue(BILLING)],
    [
      'of another CA of the same name',
      STRANGER,
      () => createAuthority({ commonName: 'Test CA' }).issue(BILLING),
    ],
    [
      'that has expired',
      'the client’s certificate has expired',
      () => ca.issue({ ...BILLING, notAfter: new Date(Date.now() - 60_000) }),
    ],
    [
      'that is not valid yet',
      'the client’s certificate is not valid yet',
      () => ca.issue({ ...BILLING, notBefore: new Date(Date.now() + 60_000) }),
    ],
    [
      'for servers only',
      'the client’s certificate is not for clients',
      () => ca.issue({ ...BILLING, usage: 'server' }),
    ],
    ['signed by a leaf', STRANGER, () => signedBy(ca.issue(BILLING))],
    [
      'under hundreds of others',
      'excessive message size',
      () => signedBy(ca.issue({ ca: true }), 360),
    ],
    ['at the end of a long chain', STRANGER, () => signedBy(chainOf(120))],
  ])('refuses a caller %s, says why, and serves others', async (_, fault, issue) => {
    const refused: string[][] = [];
    const { address } = await openDoor({}, (...why: string[]) => refused.push(why));
    await expect(caller(address, issue()).whoAmI()).rejects.toThrow('UNAVAILABLE');
    expect(refused).toContainEqual(['tls_handshake', fault]);
    expect(door.arrivals).toEqual([]);
    expect(await caller(address, ca.issue(BILLING)).whoAmI()).toContain('127.0.0.1');
  });

  test('when optional, accepts a caller without a certificate but not one with a bad one', async () => {
    const refused: string[][] = [];
    const { address } = await openDoor({ clientCertificates: 'optional' }, (...why: string[]) =>
      refused.push(why),
    );
    await caller(address).whoAmI();
    expect(door.arrivals[0]?.certificate).toBeUndefined();
    const expired = ca.issue({ ...BILLING, notAfter: new Date(Date.now() - 60_000) });
    for (const bad of [createAuthority().issue(BILLING), expired]) {
      await expect(caller(address, bad).whoAmI()).rejects.toThrow('UNAVAILABLE');
    }
    expect(door.arrivals).toHaveLength(1);
    expect(refused).toContainEqual(['tls_handshake', STRANGER]);
  });
});

describe('a handshake', () => {
  test.each<[string, string, ConnectionOptions]>([
    ['TLS 1.2', 'unsupported protocol', { maxVersion: 'TLSv1.2' }],
    ['HTTP/1.1', 'no application protocol', { ALPNProtocols: ['http/1.1'] }],
    ['no protocol', 'the client did not ask for HTTP/2 (ALPN h2)', { ALPNProtocols: [] }],
  ])('refuses %s, and says why', async (_, fault, options) => {
    const refused: string[][] = [];
    const { address } = await openDoor({ clientCertificates: 'off' }, (...why: string[]) =>
      refused.push(why),
    );
    const socket = dial(address, options);
    socket.resume();
    await new Promise((closed) => socket.once('close', closed));
    await expect.poll(() => refused).toEqual([['tls_handshake', fault]]);
    await expect.poll(() => door.connections.size).toBe(0);
    expect(await caller(address).whoAmI()).toContain('127.0.0.1');
  });

  test('that never ends shuts out nobody else', async () => {
    const limits = { ...LIMITS, maxConnections: 4 };
    const { address } = await openDoor({ clientCertificates: 'off' }, () => {}, limits);
    const before = caller(address);
    await before.whoAmI();
    const silent = Array.from({ length: 12 }, () => {
      const socket = connectTcp({ port: Number(address.split(':')[1]), host: '127.0.0.1' });
      return socket.on('error', () => {}).resume();
    });
    await Promise.all(silent.map((socket) => once(socket, 'connect')));
    expect(await caller(address).whoAmI()).toContain('127.0.0.1');
    expect(await caller(address).whoAmI()).toContain('127.0.0.1');
    expect(await before.whoAmI()).toContain('127.0.0.1');
    for (const socket of silent) socket.destroy();
  });

  test('is cut when it takes too long, as is a connection that stays silent after it', async () => {
    const refused: string[] = [];
    const { address, listener } = await openDoor(
      { clientCertificates: 'off' },
      (why?: string) => refused.push(why ?? ''),
      { ...LIMITS, prefaceTimeoutMs: 100, handshakeTimeoutMs: 300 },
    );
    const silent = connectTcp({ port: Number(address.split(':')[1]), host: '127.0.0.1' });
    silent.on('error', () => {});
    const shaken = dial(address, { ALPNProtocols: ['h2'] });
    shaken.resume();
    await expect.poll(() => refused.toSorted()).toEqual(['preface_timeout', 'tls_handshake']);
    await expect.poll(() => listener.openConnections).toBe(0);
    silent.destroy();
    shaken.destroy();
  });
});

describe('a replaced certificate', () => {
  test('serves from the next handshake; open connections stay', async () => {
    const { address } = await openDoor();
    const early = caller(address, ca.issue(BILLING));
    await early.whoAmI();
    const next = ca.issue({ ...PROXY, commonName: 'next' });
    await put(next);
    await files.reload();
    expect(await subjectAt(address)).toBe('next');
    await early.whoAmI();
    expect(door.arrivals[0]).toBe(door.arrivals[1]);
    expect(alarms).toEqual([]);
  });

  test('is noticed without a signal, even when swapped by rename', async () => {
    const { address } = await openDoor({ pollMs: 20 });
    const next = ca.issue({ ...PROXY, commonName: 'next' });
    for (const [name, text] of [
      ['key.pem', next.key],
      ['cert.pem', next.cert],
    ] as const) {
      await writeFile(join(folder, `${name}.new`), text);
      await rename(join(folder, `${name}.new`), join(folder, name));
    }
    await expect.poll(() => subjectAt(address)).toBe('next');
  });

  test('with a new CA shuts out callers of the old one', async () => {
    const { address } = await openDoor();
    const other = createAuthority();
    await put(ca.issue(PROXY), other.cert);
    await files.reload();
    await expect(caller(address, ca.issue(BILLING)).whoAmI()).rejects.toThrow('UNAVAILABLE');
    await caller(address, other.issue(BILLING)).whoAmI();
    expect(door.arrivals).toHaveLength(1);
  });

  test('is not bypassed by resuming an earlier session', async () => {
    const { address } = await openDoor();
    const { key, cert } = ca.issue(BILLING);
    const sessionOf = async (session?: Buffer) => {
      const socket = dial(address, {
        ALPNProtocols: ['h2'],
        key,
        cert,
        ...(session && { session }),
      });
      const given = new Promise<Buffer | undefined>((resolve) => {
        socket.once('session', resolve).once('data', () => resolve(undefined));
      });
      await once(socket, 'secureConnect');
      socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
      const kept = await given;
      const reused = socket.isSessionReused();
      socket.destroy();
      return { kept, reused };
    };
    const { kept } = await sessionOf();
    expect(await sessionOf(kept)).toMatchObject({ reused: false });
  });

  test.each<[string, () => Promise<void>, RegExp]>([
    [
      'half written',
      () => writeFile(join(folder, 'cert.pem'), ca.issue(PROXY).cert.slice(0, 200)),
      /no certificate/,
    ],
    ['garbage', () => writeFile(join(folder, 'key.pem'), 'garbage'), /cannot serve TLS/],
    ['empty', () => writeFile(join(folder, 'cert.pem'), ''), /no certificate/],
    [
      'of another key',
      () => writeFile(join(folder, 'cert.pem'), ca.issue(PROXY).cert),
      /not belong to the certificate/,
    ],
    [
      'expired',
      () => put(ca.issue({ ...PROXY, notAfter: new Date(Date.now() - 1000) })),
      /has expired/,
    ],
    [
      'without its CA',
      () => writeFile(join(folder, 'ca.pem'), ''),
      /ca\.pem cannot serve TLS: there is no CA certificate/,
    ],
    [
      'with more names of CAs than a handshake holds',
      () => put(ca.issue(PROXY), createAuthority({ commonName: 'x'.repeat(150) }).cert.repeat(400)),
      /names of the CAs have 66800 bytes/,
    ],
    ['with a leaf for a CA', () => put(ca.issue(PROXY), ca.issue(PROXY).cert), /is not a CA’s/],
    ['gone', () => rm(join(folder, 'cert.pem')), /ENOENT/],
  ])('%s is rejected with one alarm, and the last good one serves', async (_, spoil, says) => {
    const { address } = await openDoor();
    await spoil();
    await files.reload();
    await files.reload();
    expect(alarms).toEqual([expect.stringMatching(says)]);
    expect(alarms[0]).not.toMatch(SAID_TWICE);
    expect(await caller(address, ca.issue(BILLING)).whoAmI()).toContain('127.0.0.1');
    await put(ca.issue({ ...PROXY, commonName: 'mended' }));
    await files.reload();
    expect(await subjectAt(address)).toBe('mended');
  });

  test('must be good at start-up, and client certificates need a CA', async () => {
    await put(ca.issue({ ...PROXY, notAfter: new Date(Date.now() - 1000) }));
    await expect(openDoor()).rejects.toThrow('has expired');
    await put(ca.issue(PROXY));
    const { clientCaFile: _, ...noCa } = { clientCaFile: undefined };
    const options = {
      certFile: join(folder, 'cert.pem'),
      keyFile: join(folder, 'key.pem'),
      ...noCa,
    };
    files = await createTlsFiles({
      ...options,
      clientCertificates: 'required',
      pollMs: 60_000,
      now: Date.now,
      onAlarm: () => {},
    });
    await expect(door.open({ tls: files })).rejects.toThrow('there is no CA to verify them');
  });
});

function dial(address: string, options: ConnectionOptions): TLSSocket {
  const socket = connect({
    host: '127.0.0.1',
    port: Number(address.split(':')[1]),
    ca: ca.cert,
    servername: 'proxy.example',
    ...options,
  });
  socket.on('error', () => {});
  return socket;
}

/** The common name of the certificate that a new handshake gets. */
async function subjectAt(address: string): Promise<string> {
  const client = ca.issue(BILLING);
  const socket = dial(address, { ALPNProtocols: ['h2'], key: client.key, cert: client.cert });
  await once(socket, 'secureConnect');
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return String(subject.CN);
}
