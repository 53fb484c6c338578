import { mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startProxy } from '../helpers/proxy.ts';

test('each socket has the mode of its own listener', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'door-'));
  const [first, second] = [join(folder, 'first.sock'), join(folder, 'second.sock')];
  const more = [{ listen: `unix:${second}`, mode: '0600', identity: 'second' }];
  const proxy = await startProxy([
    `grpc.listen=unix:${first}`,
    'grpc.mode=0666',
    `grpc.listeners=${JSON.stringify(more)}`,
  ]);
  const modes = [first, second].map((path) => (statSync(path).mode & 0o777).toString(8));
  expect(modes).toEqual(['666', '600']);
  await proxy.stop();
});
