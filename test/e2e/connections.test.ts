import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { callHeaders, FLAG, frame, PREFACE, SETTINGS, TYPE } from '../faults/attack/frames.ts';
import { startProxy } from '../helpers/proxy.ts';

test('connections turned away or cut are counted by door and cause, from 0', async () => {
  const proxy = await startProxy([
    'grpc.connections.max=2',
    'grpc.connections.preface_timeout_ms=500',
    'kms_json.max_connections=2',
  ]);
  const refused = async (): Promise<Record<string, number>> => {
    const found = (await proxy.metrics()).matchAll(
      /^kms_reencrypt_connections_refused_total\{door="(\w+)",why="(\w+)"\} (\d+)$/gm,
    );
    return Object.fromEntries(
      [...found].map(([, door, why, count]) => [`${door} ${why}`, Number(count)]),
    );
  };
  const none = {
    'grpc too_many_connections': 0,
    'grpc preface_timeout': 0,
    'grpc tls_handshake': 0,
    'kms_json too_many_connections': 0,
    'probe too_many_connections': 0,
    'admin too_many_connections': 0,
  };
  expect(await refused()).toEqual(none);
  const silent = [proxy.endpoint, proxy.addresses.kmsJson].flatMap((address) => {
    const [host = '', port] = address.split(':');
    return Array.from({ length: 3 }, () => connect({ port: Number(port), host }));
  });
  for (const socket of silent) socket.on('error', () => {}).resume();
  await expect.poll(refused).toEqual({
    ...none,
    'grpc too_many_connections': 2,
    'grpc preface_timeout': 1,
    'kms_json too_many_connections': 2,
  });
  for (const socket of silent) socket.destroy();
  await proxy.stop();
});

test('a full door of probes or operators counts what it cuts', async () => {
  const proxy = await startProxy(['admin.listen=127.0.0.1:0']);
  const { probe, admin } = proxy.addresses;
  const refused = async (door: string) => {
    const labels = `door="${door}",why="too_many_connections"`;
    return Number(await proxy.metric(`kms_reencrypt_connections_refused_total{${labels}}`));
  };
  const idle = [admin, probe].flatMap((address) => {
    const [host = '', port] = address.split(':');
    return Array.from({ length: 258 }, () => connect({ port: Number(port), host }));
  });
  for (const socket of idle) socket.on('error', () => {}).resume();
  for (const door of ['admin', 'probe']) {
    await expect.poll(() => refused(door)).toBeGreaterThan(1);
  }
  for (const socket of idle) socket.destroy();
  await proxy.stop();
});

test('streams that outlive their connection’s age are not reset, which clients would take for INTERNAL', async () => {
  const proxy = await startProxy([
    'grpc.connections.max_age_ms=1000',
    'grpc.connections.max_age_grace_ms=200',
  ]);
  const [host = '', port] = proxy.endpoint.split(':');
  const socket = connect({ port: Number(port), host }).on('error', () => {});
  const path = { ':path': '/kms.reencrypt.v1.ReEncryptService/StreamReEncrypt' };
  const open = (stream: number) => frame(TYPE.headers, FLAG.endHeaders, stream, callHeaders(path));
  socket.write(Buffer.concat([PREFACE, SETTINGS, ...[1, 3, 5].map(open)]));
  const came: Buffer[] = [];
  for await (const bytes of socket) came.push(bytes);
  const types = typesOf(Buffer.concat(came));
  expect(types).toContain(GOAWAY);
  expect(types).not.toContain(TYPE.rstStream);
  await proxy.stop();
});

const GOAWAY = 7;

/** The types of the frames in these bytes. */
function typesOf(bytes: Buffer): number[] {
  const types: number[] = [];
  for (let at = 0; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3)) {
    types.push(bytes.readUInt8(at + 3));
  }
  return types;
}
