import { once } from 'node:events';
import { createServer, type RequestListener, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { measureRequests } from '../../src/metrics/http.ts';
import { createMetrics } from '../../src/metrics/metrics.ts';

let answer: RequestListener;
const metrics = createMetrics({ version: '0.0.0', backend: 'aws' });
const server = createServer(measureRequests((...both) => answer(...both), metrics.http));
let port: number;
beforeEach(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

async function count(operation: string, status: number): Promise<number> {
  const body = String((await metrics.text('')).body);
  const series = `kms_reencrypt_http_requests_total{operation="${operation}",status="${status}"} `;
  return Number(
    body
      .split('\n')
      .find((line) => line.startsWith(series))
      ?.slice(series.length),
  );
}

const post = (target: string) =>
  fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers: { 'x-amz-target': target } });

it('counts requests by operation and status, without names that callers make up', async () => {
  answer = (_, response) => response.writeHead(400).end();
  await (await post('TrentService.ReEncrypt')).text();
  await (await post('TrentService.MadeUp')).text();
  expect(await count('ReEncrypt', 400)).toBe(1);
  expect(await count('_other', 400)).toBe(1);
  expect(metrics.http.inFlight()).toBe(0);
});

it('counts a client that goes away before its answer as 499', async () => {
  const arrived = new Promise<void>((resolve) => {
    answer = () => resolve();
  });
  const headers = { 'x-amz-target': 'TrentService.ReEncrypt' };
  const call = request({ port, host: '127.0.0.1', method: 'POST', headers });
  call.on('error', () => {}).end();
  await arrived;
  expect(metrics.http.inFlight()).toBe(1);
  call.destroy();
  await expect.poll(() => metrics.http.inFlight()).toBe(0);
  expect(await count('ReEncrypt', 499)).toBe(1);
});

it('has the series that the documentation lists and no others, even for what the embedded KMS serves', async () => {
  const series = async () => {
    const body = String((await metrics.text('')).body);
    return body.match(/^kms_reencrypt_http_requests_total\{[^}]*\}/gm);
  };
  const before = await series();
  for (const status of [200, 400, 404, 413, 500]) {
    answer = (_, response) => response.writeHead(status).end();
    await (await post('TrentService.CreateKey')).text();
    await (await post('TrentService.ReEncrypt')).text();
  }
  expect(await series()).toEqual(before);
  expect(await count('_other', 413)).toBe(1);
  expect(await count('ReEncrypt', 404)).toBe(1);
});
