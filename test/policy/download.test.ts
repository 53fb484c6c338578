import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, expect, test } from 'vitest';
import { download } from '../../src/policy/sources/download.ts';

const silent = createServer(() => {}).listen(0, '127.0.0.1');
afterAll(() => silent.close().closeAllConnections());

test('a service that does not answer in time is named in plain words', async () => {
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`;
  const asked = {
    url,
    name: 'the name',
    headers: {},
    maxBytes: 1,
    signal: AbortSignal.timeout(50),
  };
  await expect(download(asked)).rejects.toThrow(
    'the bundle service at the name cannot be asked: no whole answer in time',
  );
});
