import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { createClient } from '../../src/client/create-client.ts';
import { startAwsProxy } from '../helpers/aws-proxy.ts';
import { REQUEST } from './kms/rounds.ts';
import { reportTrials } from './trials.ts';

/** Between client and proxy: from `vanish` on, connections that are open carry nothing, nor do they end. */
async function startNetwork(port: number) {
  const open: Socket[] = [];
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const socket of [near, far]) socket.on('error', () => undefined);
    near.pipe(far).pipe(near);
    open.push(near, far);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    target: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    vanish() {
      for (const socket of open) socket.unpipe().resume();
    },
    close() {
      for (const socket of open) socket.destroy();
      server.close();
    },
  };
}

test('a client notices within seconds that a proxy is gone without a word, and finds the next one', async () => {
  const { proxy, close } = await startAwsProxy();
  const network = await startNetwork(Number(proxy.endpoint.split(':')[1]));
  const client = createClient({ target: network.target });
  const call = () => client.reEncrypt(REQUEST, { timeoutMs: 29_000 });
  await call();
  network.vanish();
  const from = performance.now();
  await expect(call()).rejects.toMatchObject({ facts: { code: 'UNAVAILABLE' } });
  const seconds = (performance.now() - from) / 1000;
  await expect(call()).resolves.toMatchObject({ dryRun: false });
  reportTrials({
    fault: `a proxy gone, told after ${seconds.toFixed(1)} s`,
    ...{ trials: 1, injections: 1 },
  });
  expect(seconds).toBeLessThan(20);
  client.close();
  network.close();
  await close();
});
