import { connect } from 'node:net';
import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { connect as connectGrpc, endOf } from '../helpers/grpc-client.ts';
import { startProxy } from '../helpers/proxy.ts';

test('connections turned away or cut are counted by door and cause, from 0', async () => {
  const proxy = await startProxy([
    'grpc.connections.max=2',
    'grpc.connections.preface_timeout_ms=100',
    'kms_json.max_connections=2',
  ]);
  const refused = async (): Promise<Record<string, number>> => {
    const text = await (await fetch(`http://${proxy.addresses.probe}/metrics`)).text();
    const found = text.matchAll(
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

test('a stream that outlives its connection’s age ends with UNAVAILABLE, as one to be tried again', async () => {
  const proxy = await startProxy([
    'grpc.connections.max_age_ms=1000',
    'grpc.connections.max_age_grace_ms=200',
  ]);
  const client = connectGrpc(proxy.endpoint);
  const streams = Array.from({ length: 5 }, () => {
    const call = client.StreamReEncrypt();
    call.write({ reference: 'no request' });
    return endOf(call.on('data', () => {}));
  });
  const ended = await Promise.allSettled(streams);
  expect(ended.map((one) => one.status === 'rejected' && one.reason.code)).toEqual(
    Array(5).fill(status.UNAVAILABLE),
  );
  client.close();
  await proxy.stop();
});
