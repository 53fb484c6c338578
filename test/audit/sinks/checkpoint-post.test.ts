import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createCheckpointPost } from '../../../src/audit/sinks/checkpoint-post.ts';
import { post } from '../../../src/audit/sinks/post.ts';
import { startReceiver } from '../receiver.ts';
import { createFolder } from '../world.ts';

const PIECE = Buffer.alloc(1 << 20);

/** A keeper of checkpoints that answers with the given statuses in turn, then with 204. */
async function startKeeper(statuses: number[], meanwhile: () => void = () => {}) {
  const got: string[] = [];
  const receiver = await startReceiver(({ method }, body) => {
    const status = statuses.shift() ?? 204;
    got.push(`${status} ${method} ${body}`);
    meanwhile();
    return status;
  });
  return { ...receiver, got };
}

test('a refused checkpoint is posted again, or the newest in its place', async () => {
  await using keeper = await startKeeper([503]);
  const errors: string[] = [];
  const onError = (message: string) => void errors.push(message);
  const lastMs = 60_000;
  const post = createCheckpointPost({ url: keeper.url, timeoutMs: 2_000, lastMs, onError });
  post.put('one\n');
  await expect.poll(() => keeper.got).toEqual(['503 POST one\n']);
  post.put('two\n');
  post.put('three\n');
  await expect.poll(() => keeper.got).toContain('204 POST three\n');
  await post.close();
  expect(keeper.got).toEqual(['503 POST one\n', '204 POST three\n']);
  expect(errors).toEqual([`audit: the checkpoint did not reach ${keeper.url}: it answers 503`]);
});

test('a checkpoint that comes while another is posted is posted after it', async () => {
  const notes = ['two\n', 'three\n'];
  await using keeper = await startKeeper([], () => notes.splice(0).map((note) => post.put(note)));
  const post = createCheckpointPost({ url: keeper.url, timeoutMs: 2_000, onError: () => {} });
  post.put('one\n');
  await expect.poll(() => keeper.got).toEqual(['204 POST one\n', '204 POST three\n']);
  await post.close();
});

test('a token is not read from a FIFO or a device', async () => {
  await using keeper = await startKeeper([]);
  const service = { url: keeper.url, timeoutMs: 2_000, tokenFile: '/dev/zero' };
  const sent = post(service, { headers: {}, body: '' });
  await expect(sent).rejects.toThrow('/dev/zero is not a regular file');
});

test('a post that fails says why, and not the token', async () => {
  await using folder = createFolder();
  const tokenFile = join(folder.path, 'token');
  writeFileSync(tokenFile, 'secret\nsecond line');
  const nobody = { url: 'http://127.0.0.1:1023/', timeoutMs: 2_000 };
  const nothing = { headers: {}, body: '' };
  await expect(post(nobody, nothing)).rejects.toThrow('ECONNREFUSED');
  await expect(post({ ...nobody, tokenFile }, nothing)).rejects.toThrow(/^TypeError$/);
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const late = { url: `http://127.0.0.1:${port}/`, timeoutMs: 20 };
  await expect(post(late, nothing)).rejects.toThrow('no answer within 20 ms');
  silent.closeAllConnections();
  silent.close();
});

test('close tries the last checkpoint once more, and no unreachable keeper delays it', async () => {
  await using keeper = await startKeeper([500, 204]);
  const patience = { timeoutMs: 2_000, lastMs: 500 };
  const post = createCheckpointPost({ url: keeper.url, ...patience, onError: () => {} });
  post.put('last\n');
  await expect.poll(() => keeper.got.length).toBe(1);
  await post.close();
  expect(keeper.got).toEqual(['500 POST last\n', '204 POST last\n']);
  const nobody = { url: 'http://127.0.0.1:9/', timeoutMs: 500, onError: () => {} };
  const lost = createCheckpointPost(nobody);
  lost.put('lost\n');
  await lost.close();
});

test('a keeper that does not answer delays close only briefly, and is reported', async () => {
  const server = createServer(() => {}).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/`;
  const errors: string[] = [];
  const onError = (message: string) => void errors.push(message);
  const post = createCheckpointPost({ url, timeoutMs: 60_000, lastMs: 20, onError });
  post.put('last\n');
  await once(server, 'request');
  await post.close();
  expect(errors).toEqual([`audit: the last checkpoint did not reach ${url} in time`]);
  server.closeAllConnections();
  server.close();
});

test('little is read of an answer that never ends', async () => {
  const { promise: closed, resolve: ended } = Promise.withResolvers<void>();
  let sent = 0;
  const server = createServer((_request, response) => {
    response.once('close', ended);
    const more = (): void => {
      while (!response.destroyed && response.write(PIECE)) sent += PIECE.length;
      response.once('drain', more);
    };
    more();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const service = { url: `http://127.0.0.1:${port}/`, timeoutMs: 10_000 };
  expect((await post(service, { headers: {}, body: 'one' })).ok).toBe(true);
  await closed;
  // The buffers at both ends add some.
  expect(sent).toBeLessThan(32 << 20);
  server.close();
});
