import { readFileSync } from 'node:fs';
import { type ClientHttp2Session, connect } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startProxy } from '../interop/helpers/proxy.ts';
import { startProber } from './attack/prober.ts';
import { reportTrials } from './trials.ts';

const CONNECTIONS = 1000;

test(`${CONNECTIONS} idle connections cost at most 40 MiB`, async () => {
  const proxy = await startProxy();
  const residentMiB = (): number => {
    const status = readFileSync(`/proc/${proxy.child.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
  };
  const warm = await startProber(proxy);
  await sleep(2000);
  const before = residentMiB();
  const sessions: ClientHttp2Session[] = [];
  for (let n = 0; n < CONNECTIONS; n += 1) {
    const session = connect(`http://${proxy.grpc}`);
    session.on('error', () => {});
    sessions.push(session);
    if (n % 50 === 49) await sleep(20);
  }
  await sleep(3000);
  const open = sessions.filter((session) => !session.closed && !session.destroyed).length;
  const cost = residentMiB() - before;
  await warm.stop();
  for (const session of sessions) session.destroy();
  await proxy.stop();
  expect(open).toBe(CONNECTIONS);
  expect(warm.errors).toEqual([]);
  expect(cost).toBeLessThanOrEqual(40);
  reportTrials({ fault: `idle, ${cost.toFixed(1)} MiB`, trials: 1, injections: open });
});
