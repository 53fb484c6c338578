import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTlsFiles, type TlsFiles } from '../../src/server/tls/files.ts';
import { createAuthority } from '../helpers/certificates.ts';
import { createCaller, createDoor, type Door, LIMITS } from '../server/listener/harness.ts';
import { reportTrials, trials } from './trials.ts';

const ca = createAuthority();
const client = ca.issue({ uris: ['spiffe://example.org/billing'], usage: 'client' });
const CREDENTIALS = credentials.createSsl(
  Buffer.from(ca.cert),
  Buffer.from(client.key),
  Buffer.from(client.cert),
);
const NAME = { 'grpc.ssl_target_name_override': 'proxy.example' };

let folder: string;
let files: TlsFiles;
let door: Door;
let address: string;
const alarms: string[] = [];

async function put(name: string, text: string): Promise<void> {
  await writeFile(join(folder, `${name}.new`), text);
  await rename(join(folder, `${name}.new`), join(folder, name));
}

async function rotate(commonName: string): Promise<void> {
  const next = ca.issue({ commonName, dns: ['proxy.example'], usage: 'server' });
  await put('key.pem', next.key);
  await put('cert.pem', next.cert);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rotate-'));
  await put('ca.pem', ca.cert);
  await rotate('start');
  const [certFile, keyFile, clientCaFile] = ['cert.pem', 'key.pem', 'ca.pem'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  const onAlarm = (error: Error) => alarms.push(error.message);
  files = await createTlsFiles({
    certFile,
    keyFile,
    clientCaFile,
    clientCertificates: 'required',
    pollMs: 5,
    now: Date.now,
    onAlarm,
  });
  door = createDoor();
  ({ address } = await door.open({ tls: files, limits: LIMITS }));
});

afterAll(async () => {
  files.close();
  await door.close();
  await rm(folder, { recursive: true });
});

test('F19: certificates rotated under load, good ones and bad ones, fail no call', async () => {
  const count = trials(50);
  const failed: string[] = [];
  let calls = 0;
  let running = true;
  const kept = createCaller(address, CREDENTIALS, NAME);
  const load = async (fresh: boolean): Promise<void> => {
    while (running) {
      const caller = fresh ? createCaller(address, CREDENTIALS, NAME) : kept;
      await caller.whoAmI().catch((error: Error) => failed.push(error.message));
      calls += 1;
      if (fresh) caller.close();
      else await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };
  const loads = [load(true), load(true), load(false)];
  for (let trial = 0; trial < count; trial += 1) {
    if (trial % 5 === 4) {
      await put('cert.pem', `-----BEGIN CERTIFICATE-----\n${trial}`);
      await expect.poll(() => alarms.length, { interval: 2, timeout: 5000 }).toBeGreaterThan(0);
      alarms.length = 0;
    }
    const before = files.current().cert;
    await rotate(`round ${trial}`);
    await expect
      .poll(() => files.current().cert !== before, { interval: 2, timeout: 5000 })
      .toBe(true);
  }
  running = false;
  await Promise.all(loads);
  kept.close();
  expect(failed).toEqual([]);
  reportTrials({ fault: `F19 (${calls} calls)`, trials: count, injections: count });
});
