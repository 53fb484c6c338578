import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type ClientHttp2Session, connect } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { afterAll, expect, test } from 'vitest';
import { createAuthority } from '../helpers/certificates.ts';
import { freePort } from '../interop/helpers/ports.ts';
import { type RunningProxy, startProxy } from '../interop/helpers/proxy.ts';
import { startProber } from './attack/prober.ts';
import { reportTrials } from './trials.ts';

const CONNECTIONS = 1000;
/** How many shake hands at a time. */
const AT_ONCE = 50;

const folder = mkdtempSync(join(tmpdir(), 'idle-'));
const ca = createAuthority();
const server = ca.issue({ dns: ['localhost'], usage: 'server' });
const client = ca.issue({ uris: ['spiffe://example.org/billing'], usage: 'client' });

afterAll(() => rmSync(folder, { recursive: true }));

test(`${CONNECTIONS} idle connections cost at most 40 MiB`, async () => {
  const proxy = await startProxy();
  const cost = await costOfIdle(proxy, proxy.grpc, () => connect(`http://${proxy.grpc}`));
  expect(cost).toBeLessThanOrEqual(40);
});

test(`${CONNECTIONS} idle connections with mutual TLS cost at most 80 MiB`, async () => {
  const plain = `127.0.0.1:${await freePort()}`;
  const proxy = await startProxy({ settings: [...tlsSettings(), plaintextListener(plain)] });
  const [host, port] = proxy.grpc.split(':') as [string, string];
  const options: ConnectionOptions = {
    host,
    port: Number(port),
    servername: 'localhost',
    ALPNProtocols: ['h2'],
    ca: ca.cert,
    cert: client.cert,
    key: client.key,
  };
  const cost = await costOfIdle(proxy, plain, () =>
    connect(`https://${proxy.grpc}`, { createConnection: () => connectTls(options) }),
  );
  expect(cost).toBeLessThanOrEqual(80);
});

/** MiB of resident memory, while an established client is served as before. */
async function costOfIdle(
  proxy: RunningProxy,
  prober: string,
  open: () => ClientHttp2Session,
): Promise<number> {
  const warm = await startProber({ ...proxy, grpc: prober });
  const before = await settledMiB(proxy);
  const sessions: ClientHttp2Session[] = [];
  while (sessions.length < CONNECTIONS) {
    const some = Array.from({ length: AT_ONCE }, open);
    await Promise.all(some.map((session) => once(session, 'remoteSettings')));
    sessions.push(...some);
  }
  const cost = (await settledMiB(proxy)) - before;
  const alive = sessions.filter((session) => !session.closed && !session.destroyed).length;
  await warm.stop();
  for (const session of sessions) session.destroy();
  await proxy.stop();
  expect(alive).toBe(CONNECTIONS);
  expect(warm.errors).toEqual([]);
  reportTrials({ fault: `idle, ${cost.toFixed(1)} MiB`, trials: 1, injections: alive });
  return cost;
}

async function settledMiB({ child }: RunningProxy): Promise<number> {
  await sleep(3000);
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

function tlsSettings(): string[] {
  const write = (name: string, text: string): string => {
    const file = join(folder, name);
    writeFileSync(file, text);
    return file;
  };
  return [
    `grpc.tls.cert_file=${write('server.pem', server.cert)}`,
    `grpc.tls.key_file=${write('server.key', server.key)}`,
    `grpc.tls.client_ca_file=${write('ca.pem', ca.cert)}`,
  ];
}

const plaintextListener = (listen: string): string =>
  `grpc.listeners=${JSON.stringify([{ listen, plaintext: true }])}`;
