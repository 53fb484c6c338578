import { once } from 'node:events';
import { connect as http2 } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, credentials, Server, type ServiceError, status } from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import descriptor, { type IFileDescriptorProto } from 'protobufjs/ext/descriptor/index.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createMetrics } from '../../src/metrics/metrics.ts';
import { createConnections } from '../../src/server/listener/connections.ts';
import { createListener, type Listener } from '../../src/server/listener/listener.ts';
import { addReflection } from '../../src/server/reflection.ts';
import { handlerTools } from './handler-tools.ts';
import { LIMITS } from './listener/harness.ts';

const SERVICE = 'kms.reencrypt.v1.ReEncryptService';
const VERSIONS = ['v1', 'v1alpha'];

/** Tags of the published protocol, written by hand so as not to trust the server's own parsing. */
const ASK = { file: 3, symbol: 4, extension: 5, numbers: 6, services: 7 } as const;
const ANSWER = { original: 2, files: 4, numbers: 5, services: 6, error: 7 } as const;

let listener: Listener;
let reflection: ReturnType<typeof addReflection>;
let client: Client;
let address: string;
const metrics = createMetrics({ version: '1.2.3', backend: 'embedded' });

beforeAll(async () => {
  const server = new Server();
  const services = [SERVICE, 'grpc.health.v1.Health'];
  const connections = createConnections();
  const tools = handlerTools({
    arrivalOf: connections.of,
    rpc: metrics.grpc.method,
    turnedAway: () => {},
  });
  reflection = addReflection(server, { services, tools });
  listener = createListener({ address: '127.0.0.1:0', server, connections, limits: LIMITS });
  address = await listener.listen();
  client = new Client(address, credentials.createInsecure());
});

afterAll(async () => {
  client.close();
  await listener.drain(0);
});

test.each(VERSIONS)('lists the services that it was given, over %s', async (version) => {
  const [answer] = await ask(version, question(ASK.services, '*'));
  const names = fields(answer?.get(ANSWER.services)?.[0]).get(1) ?? [];
  expect(names.map((name) => text(fields(name).get(1)?.[0]))).toEqual([
    SERVICE,
    'grpc.health.v1.Health',
  ]);
});

test.each(VERSIONS)(
  'describes a service with all its imports, and maps as maps, over %s',
  async (version) => {
    const asked = question(ASK.symbol, SERVICE);
    const [answer] = await ask(version, asked);
    expect(answer?.get(ANSWER.original)).toEqual([asked]);
    const files = filesOf(answer);
    const known = new Set(files.map(({ name }) => name));
    for (const { dependency = [] } of files)
      for (const one of dependency) expect(known).toContain(one);
    const [own] = files;
    const request = own?.messageType?.find(({ name }) => name === 'ReEncryptRequest');
    const entries = request?.nestedType?.filter(({ options }) => options?.mapEntry === true);
    expect(entries?.map(({ name }) => name)).toEqual([
      'SourceEncryptionContextEntry',
      'DestinationEncryptionContextEntry',
    ]);
  },
);

test('finds files by message, method and field, and by their names', async () => {
  const answers = await ask(
    'v1',
    question(ASK.symbol, 'kms.reencrypt.v1.ReEncryptRequest'),
    question(ASK.symbol, `${SERVICE}.ReEncrypt`),
    question(ASK.symbol, 'kms.reencrypt.v1.ReEncryptRequest.ciphertext_blob'),
    question(ASK.file, 'kms/reencrypt/v1/reencrypt.proto'),
  );
  expect(answers.map((answer) => filesOf(answer)[0]?.name)).toEqual(
    Array(4).fill('kms/reencrypt/v1/reencrypt.proto'),
  );
});

test('stops reading questions from a client that reads no answers, until it does', async () => {
  const session = http2(`http://${address}`, { settings: { initialWindowSize: 0 } });
  session.on('error', () => {});
  await once(session, 'connect');
  const stream = session.request({
    ':method': 'POST',
    ':path': '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.on('error', () => {});
  const asked = question(ASK.symbol, SERVICE);
  const frame = Buffer.concat([Buffer.of(0, 0, 0, 0, asked.length), asked]);
  const all = new Promise((taken) => {
    stream.write(Buffer.concat(Array(10_000).fill(frame)), () => taken('took them all'));
  });
  expect(await Promise.race([all, sleep(600, 'waits')])).toBe('waits');
  let answered = 0;
  stream.on('data', (bytes: Buffer) => {
    answered += bytes.length;
  });
  session.settings({ initialWindowSize: 1 << 16 });
  // Many times what connection, stream and server can hold.
  await expect.poll(() => answered).toBeGreaterThan(20_000_000);
  session.destroy();
});

test('counts its streams, and the questions and answers in them', async () => {
  const before = await counted();
  await ask('v1', question(ASK.services, ''), question(ASK.services, ''));
  const { started, received, sent } = await counted();
  expect(started).toBe(before.started + 1);
  expect(received).toBeGreaterThanOrEqual(before.received + 2);
  expect(sent).toBeGreaterThanOrEqual(before.sent + 2);
  await expect.poll(async () => (await counted()).handled > before.handled).toBe(true);
});

/** Totals over all streams so far, however they ended. */
async function counted() {
  const body = String((await metrics.text('text/plain')).body);
  const sum = (what: string) =>
    body
      .split('\n')
      .filter((line) => line.startsWith(`grpc_server_${what}_total`))
      .filter((line) => line.includes('grpc_service="grpc.reflection.v1.ServerReflection"'))
      .reduce((total, line) => total + Number(line.split(' ').at(-1)), 0);
  return {
    started: sum('started'),
    received: sum('msg_received'),
    sent: sum('msg_sent'),
    handled: sum('handled'),
  };
}

test('answers unknown names with an error, and carries on', async () => {
  const answers = await ask(
    'v1',
    question(ASK.symbol, 'no.such.Thing'),
    question(ASK.file, '../../etc/passwd'),
    question(ASK.extension, ''),
    Buffer.alloc(0),
    question(ASK.services, ''),
  );
  const codes = answers.map((answer) => fields(answer.get(ANSWER.error)?.[0]).get(1)?.[0]);
  expect(codes).toEqual([5, 5, 5, 3, undefined]);
});

test('does not repeat a question that is longer than any name', async () => {
  const [answer] = await ask('v1', question(ASK.symbol, 'a'.repeat(2000)));
  expect(answer?.get(ANSWER.original)?.map(text).join('')).toBe('');
  expect(fields(answer?.get(ANSWER.error)?.[0]).get(1)).toEqual([status.INVALID_ARGUMENT]);
});

test('has no more than 32 streams open, and ends them all when the proxy ends', async () => {
  const codes: (number | undefined)[] = [];
  const idle = Array.from({ length: 33 }, () => {
    const call = open('v1');
    call.on('error', ({ code }: ServiceError) => codes.push(code));
    call.on('data', () => {}).write(question(ASK.services, ''));
    return call;
  });
  await expect.poll(() => codes).toEqual([status.RESOURCE_EXHAUSTED]);
  reflection.drain();
  await expect.poll(() => codes).toHaveLength(idle.length);
  expect(new Set(codes.slice(1))).toEqual(new Set([status.UNAVAILABLE]));
  expect(await ask('v1', question(ASK.services, ''))).toHaveLength(1);
});

function question(tag: number, value: string): Buffer {
  return Buffer.from(
    protobuf.Writer.create()
      .uint32((tag << 3) | 2)
      .string(value)
      .finish(),
  );
}

type Fields = Map<number, (Uint8Array | number)[]>;

function fields(message: Uint8Array | number | undefined): Fields {
  const found: Fields = new Map();
  if (!(message instanceof Uint8Array)) return found;
  const reader = protobuf.Reader.create(message);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const value = (tag & 7) === 2 ? reader.bytes() : reader.uint32();
    found.set(tag >>> 3, [...(found.get(tag >>> 3) ?? []), value]);
  }
  return found;
}

const text = (value: Uint8Array | number | undefined): string =>
  value instanceof Uint8Array ? Buffer.from(value).toString() : '';

function filesOf(answer: Fields | undefined): IFileDescriptorProto[] {
  const files = fields(answer?.get(ANSWER.files)?.[0]).get(1) ?? [];
  return files.map((file) => {
    if (!(file instanceof Uint8Array)) throw new Error('a file is bytes');
    return descriptor.FileDescriptorProto.toObject(descriptor.FileDescriptorProto.decode(file));
  });
}

function open(version: string) {
  const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
  const raw = (bytes: Buffer) => bytes;
  return client.makeBidiStreamRequest(path, raw, raw);
}

function ask(version: string, ...questions: Buffer[]): Promise<Fields[]> {
  const call = open(version);
  const answers: Fields[] = [];
  for (const one of questions) call.write(one);
  call.end();
  return new Promise((resolve, reject) => {
    call.on('data', (bytes: Buffer) => answers.push(fields(bytes)));
    call.on('error', reject);
    call.on('end', () => resolve(answers));
  });
}
