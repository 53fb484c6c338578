import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { isSigned, parseNote } from '../../src/audit/log/note.ts';
import { parseVkey } from '../../src/audit/log/vkey.ts';
import { startProxy } from '../helpers/proxy.ts';

test('every checkpoint, even the last, leaves the host on standard output and by HTTP', async () => {
  const kept: string[] = [];
  const keeper = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    kept.push(Buffer.concat(chunks).toString());
    response.writeHead(204).end();
  }).listen(0, '127.0.0.1');
  await new Promise((ready) => keeper.once('listening', ready));
  const { port } = keeper.address() as AddressInfo;
  const proxy = await startProxy([
    'audit.checkpoint.every_ms=100',
    'audit.checkpoint.stdout=true',
    `audit.checkpoint.post.url=http://127.0.0.1:${port}/checkpoints`,
  ]);
  const [{ segment }] = proxy.entries() as [{ segment: { vkey: string } }];
  await expect.poll(() => kept.length).toBeGreaterThan(0);
  await proxy.stop();
  keeper.close();

  const printed = proxy.printed.map((line) => JSON.parse(line).checkpoint);
  expect(printed.at(-1)).toBe(kept.at(-1));
  expect(printed.length).toBeGreaterThan(1);
  for (const note of [...printed, ...kept]) {
    expect(isSigned(parseNote(note), [parseVkey(segment.vkey)])).toBe(true);
  }
  expect(proxy.logged.filter((line) => line.includes('checkpoint'))).toEqual([]);
});
