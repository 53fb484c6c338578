import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PeerCertificate } from 'node:tls';
import { credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAuthority } from '../../helpers/certificates.ts';
import { closeAll, connect, reEncrypt, refusalOf } from '../../helpers/grpc-client.ts';
import { freePort } from '../../interop/helpers/ports.ts';
import { type RunningProxy, startProxy } from '../../interop/helpers/proxy.ts';
import { withManifest } from '../../policy/tar.ts';
import { reportTrials, trials } from '../trials.ts';
import { ATTACKS } from './attacks.ts';
import { startProber } from './prober.ts';

const ca = createAuthority();
const caller = ca.issue({ uris: ['spiffe://example.org/billing'], usage: 'client' });
const good = readFileSync('policies/bundle.tar.gz');
const STRIKES = [
  'rapid reset with messages over 10 connections',
  '200 connections with 10 half messages',
];

let folder: string;
let proxy: RunningProxy;
/** Port of the attackers and of the established client. */
let plain: number;

function put(name: string, content: string | Buffer): void {
  writeFileSync(join(folder, `${name}.new`), content);
  renameSync(join(folder, `${name}.new`), join(folder, name));
}

/** Puts a new certificate and a new policy in place. */
function renew(round: number): void {
  const { cert, key } = ca.issue({ dns: ['localhost'], usage: 'server' });
  put('key.pem', key);
  put('cert.pem', cert);
  put('bundle.tar.gz', withManifest(good, { revision: `round-${round}` }));
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'reload-'));
  put('ca.pem', ca.cert);
  renew(0);
  plain = await freePort();
  const also = { listen: `127.0.0.1:${plain}`, plaintext: true };
  const tls = ['cert', 'key'].map((name) => `grpc.tls.${name}_file=${folder}/${name}.pem`);
  proxy = await startProxy({
    settings: [
      ...tls,
      `grpc.tls.client_ca_file=${folder}/ca.pem`,
      'grpc.tls.poll_ms=50',
      `grpc.listeners=${JSON.stringify([also])}`,
      `policy.source=${folder}/bundle.tar.gz`,
    ],
  });
});

afterAll(async () => {
  await proxy.stop();
  rmSync(folder, { recursive: true });
});

/** Makes a call on a new connection; returns the serial number of the certificate it was shown. */
async function fresh(): Promise<string> {
  let serial = '';
  const checkServerIdentity = (_: string, { serialNumber }: PeerCertificate) => {
    serial = serialNumber;
    return undefined;
  };
  const own = [ca.cert, caller.key, caller.cert].map((text) => Buffer.from(text));
  const [roots = null, key = null, cert = null] = own;
  const creds = credentials.createSsl(roots, key, cert, { checkServerIdentity });
  const client = connect(proxy.grpc, creds, { 'grpc.use_local_subchannel_pool': 1 });
  const call = reEncrypt(client, { destinationKeyId: 'alias/demo-destination' });
  const { reason } = await refusalOf(call);
  closeAll(client);
  expect(reason).toBe('INVALID_REQUEST');
  return serial;
}

test('certificate and policy are renewed under attack, and connected clients notice nothing', async () => {
  const rounds = Math.max(6, trials(20));
  const prober = await startProber({ ...proxy, grpc: `127.0.0.1:${plain}` });
  const serials = new Set<string>();
  let over = false;
  const strikes = STRIKES.map(async (name) => {
    let struck = 0;
    while (!over) struck += (await ATTACKS[name]?.(plain)) ?? 0;
    return struck;
  });
  for (let round = 1; round <= rounds; round += 1) {
    renew(round);
    await sleep(500);
    serials.add(await fresh());
  }
  over = true;
  const struck = await Promise.all(strikes);
  await prober.stop();
  expect(prober.errors).toEqual([]);
  // The policy is looked at once a second, and later while both cores are taken.
  expect(serials.size).toBeGreaterThan(rounds / 2);
  const revisions = new Set(proxy.auditEntries().flatMap((entry) => revisionsOf(entry)));
  expect(revisions.size).toBeGreaterThan(rounds / 4);
  const fault = `reload under attack (prober ${prober.sent}, p99 ${Math.round(prober.p99())} ms, ${serials.size} certificates, ${revisions.size} policies)`;
  reportTrials({ fault, trials: rounds, injections: Math.min(...struck) });
});

function revisionsOf(entry: Record<string, unknown>): string[] {
  return [...JSON.stringify(entry['bundles'] ?? {}).matchAll(/round-\d+/g)].map(([name]) => name);
}
