import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { startProxy } from '../helpers/proxy.ts';

test('connections that are turned away or cut are counted by why, from 0 on', async () => {
  const proxy = await startProxy([
    'grpc.connections.max=2',
    'grpc.connections.preface_timeout_ms=100',
  ]);
  const refused = async (): Promise<Record<string, number>> => {
    const text = await (await fetch(`http://${proxy.addresses.probe}/metrics`)).text();
    const found = text.matchAll(/^kms_reencrypt_connections_refused_total\{why="(\w+)"\} (\d+)$/gm);
    return Object.fromEntries([...found].map(([, why = '', count]) => [why, Number(count)]));
  };
  expect(await refused()).toEqual({
    too_many_connections: 0,
    preface_timeout: 0,
    tls_handshake: 0,
  });
  const [host = '', port] = proxy.endpoint.split(':');
  const silent = Array.from({ length: 3 }, () => connect({ port: Number(port), host }));
  for (const socket of silent) socket.on('error', () => {}).resume();
  await expect
    .poll(refused)
    .toEqual({ too_many_connections: 2, preface_timeout: 1, tls_handshake: 0 });
  await proxy.stop();
});
