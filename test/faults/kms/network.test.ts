import type { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TRANSPORTS } from '../../helpers/aws-proxy.ts';
import { describeWith } from '../../interop/helpers/tools.ts';
import { reportTrials, trials } from '../trials.ts';
import { type ProxyApart, startProxyApart } from './apart.ts';
import { BEYOND_MS, inRounds, inWords } from './rounds.ts';
import { startToxiproxy, type Toxic, type Toxiproxy } from './toxiproxy.ts';

// biome-ignore format: a table reads best with a toxic a line.
const TOXICS: readonly (readonly [string, Toxic, keyof typeof status])[] = [
  ['is slow both ways', { type: 'latency', attributes: { latency: 600, jitter: 100 } }, 'DEADLINE_EXCEEDED'],
  ['is slow to carry the request', { type: 'latency', attributes: { latency: 600 }, stream: 'upstream' }, 'DEADLINE_EXCEEDED'],
  ['carries 1 kB a second', { type: 'bandwidth', attributes: { rate: 1 } }, 'DEADLINE_EXCEEDED'],
  ['carries nothing', { type: 'timeout', attributes: { timeout: 0 } }, 'DEADLINE_EXCEEDED'],
  ['carries nothing and then closes', { type: 'timeout', attributes: { timeout: 50 } }, 'UNAVAILABLE'],
  ['resets at once', { type: 'reset_peer', attributes: { timeout: 0 } }, 'UNAVAILABLE'],
  ['resets later', { type: 'reset_peer', attributes: { timeout: 50 } }, 'UNAVAILABLE'],
  ['ends in the head of the answer', { type: 'limit_data', attributes: { bytes: 100 } }, 'UNAVAILABLE'],
  ['ends in the body of the answer', { type: 'limit_data', attributes: { bytes: 500 } }, 'UNAVAILABLE'],
  ['cuts the answer into pieces', { type: 'slicer', attributes: { average_size: 16, size_variation: 8, delay: 100 } }, 'OK'],
  ['is slow to close', { type: 'slow_close', attributes: { delay: 1000 } }, 'OK'],
];

const OVER = TRANSPORTS.flatMap((transport) =>
  TOXICS.map(([name, toxic, code]) => ({ transport, name, toxic, code })),
);

describeWith(['server'], 'F9: a network to KMS that', () => {
  const networks = new Map<string, { apart: ProxyApart; toxiproxy: Toxiproxy }>();

  beforeAll(async () => {
    for (const transport of TRANSPORTS) {
      const { promise, resolve } = Promise.withResolvers<Toxiproxy>();
      const apart = await startProxyApart(transport, async ({ port }) => {
        const toxiproxy = await startToxiproxy(port);
        resolve(toxiproxy);
        return toxiproxy.url;
      });
      networks.set(transport, { apart, toxiproxy: await promise });
    }
  });

  afterAll(async () => {
    for (const { apart, toxiproxy } of networks.values()) {
      await apart.close();
      await toxiproxy.stop();
    }
  });

  test.each(OVER)('$name yields $code in time ($transport transport)', async (wanted) => {
    const { transport, name, toxic, code } = wanted;
    const { apart, toxiproxy } = networks.get(transport) ?? expect.fail();
    const count = trials(100);
    const { codes, median, slowest } = await inRounds(apart, count, {
      code,
      begin: () => toxiproxy.poison(toxic),
      end: () => toxiproxy.clean(),
    });
    expect([...codes]).toEqual([code]);
    expect(slowest).toBeLessThan(BEYOND_MS);
    reportTrials({
      fault: `F9 ${transport} network ${name}, ${inWords(code, { median, slowest })}`,
      trials: count,
      injections: count,
    });
  });
});
