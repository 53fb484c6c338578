import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  credentials,
  type handleServerStreamingCall,
  type Metadata,
  Server,
  ServerCredentials,
  type ServerWritableStream,
  status,
} from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createSpiffeTls, type SpiffeTls } from '../../../src/server/tls/spiffe.ts';
import { createAuthority, type Issued, pkcs8 } from '../../helpers/certificates.ts';
import { createCaller, createDoor, LIMITS } from '../listener/harness.ts';

const ca = createAuthority();
const PROXY = 'spiffe://example.org/proxy';

type Stream = ServerWritableStream<Buffer, Buffer>;

let folder: string;
let socket: string;
let agent: Server;
let streams: Stream[];
let asked: Metadata[];
let alarms: string[];
let opened: SpiffeTls[];

/** A Workload API as an agent serves it. */
async function startAgent(first: Buffer | number | undefined): Promise<Server> {
  const raw = (bytes: Buffer): Buffer => bytes;
  const serve: handleServerStreamingCall<Buffer, Buffer> = (stream) => {
    asked.push(stream.metadata);
    streams.push(stream);
    if (typeof first === 'number') stream.emit('error', { code: first, details: 'no identity' });
    else if (first) stream.write(first);
  };
  const server = new Server();
  const method = {
    path: '/SpiffeWorkloadAPI/FetchX509SVID',
    requestStream: false,
    responseStream: true,
    requestSerialize: raw,
    requestDeserialize: raw,
    responseSerialize: raw,
    responseDeserialize: raw,
  };
  server.addService({ FetchX509SVID: method }, { FetchX509SVID: serve });
  await new Promise<void>((done, fail) =>
    server.bindAsync(socket, ServerCredentials.createInsecure(), (error) =>
      error ? fail(error) : done(),
    ),
  );
  return server;
}

function svid({ der, key }: Issued, bundle: Buffer = ca.der, id = PROXY): Buffer {
  const one = protobuf.Writer.create();
  one
    .uint32(10)
    .string(id)
    .uint32(18)
    .bytes(der)
    .uint32(26)
    .bytes(pkcs8(key))
    .uint32(34)
    .bytes(bundle);
  return Buffer.from(protobuf.Writer.create().uint32(10).bytes(one.finish()).finish());
}

async function open(firstMs = 2000): Promise<SpiffeTls> {
  const made = await createSpiffeTls({
    socket,
    clientCertificates: 'required',
    firstMs,
    retryMs: 20,
    now: Date.now,
    onAlarm: (error) => alarms.push(error.message),
  });
  opened.push(made);
  return made;
}

const proxy = (commonName = 'proxy'): Issued =>
  ca.issue({ commonName, uris: [PROXY], dns: ['proxy.example'] });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spiffe-'));
  socket = `unix:${folder}/agent.sock`;
  [streams, asked, alarms, opened] = [[], [], [], []];
});

afterEach(async () => {
  for (const one of opened) one.close();
  agent?.forceShutdown();
  await rm(folder, { recursive: true, force: true });
});

test('the first SVID serves, its bundle verifies clients, and its trust domain is ours', async () => {
  const second = createAuthority({ commonName: 'Second CA' });
  agent = await startAgent(svid(proxy(), Buffer.concat([ca.der, second.der])));
  const tls = await open();
  expect([tls.id(), tls.trustDomain()]).toEqual([PROXY, 'example.org']);
  expect(asked[0]?.get('workload.spiffe.io')).toEqual(['true']);
  const door = createDoor();
  const { address } = await door.open({ tls, limits: LIMITS });
  for (const authority of [ca, second]) {
    const client = authority.issue({ uris: ['spiffe://example.org/client'] });
    const caller = createCaller(
      address,
      credentials.createSsl(
        Buffer.from(ca.cert),
        Buffer.from(client.key),
        Buffer.from(client.cert),
      ),
      { 'grpc.ssl_target_name_override': 'proxy.example' },
    );
    expect(await caller.whoAmI()).toContain('127.0.0.1');
    caller.close();
  }
  await door.close();
});

test('a new SVID takes the place of the old one, without a restart', async () => {
  agent = await startAgent(svid(proxy('first')));
  const tls = await open();
  const seen: string[] = [];
  tls.onChange(({ cert }) => seen.push(cert));
  const next = proxy('second');
  streams[0]?.write(svid(next));
  await expect.poll(() => seen).toEqual([next.cert]);
  expect(tls.current().cert).toBe(next.cert);
});

test('news that cannot be used is told, and the last good SVID serves on', async () => {
  const good = proxy();
  agent = await startAgent(svid(good));
  const tls = await open();
  streams[0]?.write(svid({ ...proxy(), key: proxy().key }));
  streams[0]?.write(svid(ca.issue({ uris: [PROXY], notAfter: new Date(Date.now() - 1000) })));
  streams[0]?.write(svid(proxy(), ca.der.subarray(0, 40)));
  streams[0]?.write(Buffer.alloc(0));
  streams[0]?.write(Buffer.from([0xff, 0xff]));
  await expect.poll(() => alarms.length).toBe(5);
  expect(alarms.slice(0, 4)).toEqual([
    expect.stringContaining('not the certificate’s'),
    expect.stringContaining('has expired'),
    expect.stringContaining('cut short'),
    expect.stringContaining('no identity'),
  ]);
  expect(tls.current().cert).toBe(good.cert);
});

test('an agent that goes and comes back is found again', async () => {
  agent = await startAgent(svid(proxy('first')));
  const tls = await open();
  agent.forceShutdown();
  await expect.poll(() => alarms.length).toBeGreaterThan(0);
  const next = proxy('second');
  agent = await startAgent(svid(next));
  await expect.poll(() => tls.current().cert, { timeout: 5000 }).toBe(next.cert);
});

test('without an identity in time there is no start', async () => {
  agent = await startAgent(status.PERMISSION_DENIED);
  await expect(open(150)).rejects.toThrow('gave no certificate in time');
  expect(alarms.join()).toContain('PERMISSION_DENIED');
});
