import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PeerCertificate } from 'node:tls';
import { credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { closeAll, connect, reEncrypt } from '../helpers/grpc-client.ts';
import { withFile } from '../policy/tar.ts';
import { DEMO_CONTEXT, printedCiphertext } from './helpers/demo.ts';
import { type RunningProxy, startProxy } from './helpers/proxy.ts';
import { type Spire, type Svid, startSpire } from './helpers/spire.ts';
import { describeWith, findTool } from './helpers/tools.ts';

const DOMAIN = 'krp.example';
const PROXY_ID = `URI:spiffe://${DOMAIN}/proxy`;
const CLIENT = 'billing';
const CLIENT_ID = `spiffe://${DOMAIN}/${CLIENT}`;
/** SPIRE backdates certificates by 10 s and renews them at half-time: with this, every second. */
const TTL_S = 12;

describeWith(['spire-server', 'spire-agent'], 'SPIRE', () => {
  let spire: Spire;
  let proxy: RunningProxy;
  let folder: string;
  const seen = new Set<string>();

  beforeAll(async () => {
    spire = await startSpire(DOMAIN);
    const node = realpathSync('node_modules/.bin/node');
    spire.register({ path: 'proxy', program: node, ttlS: TTL_S, dns: 'localhost' });
    registerClient(spire);
    folder = mkdtempSync(join(tmpdir(), 'policy-'));
    writeFileSync(join(folder, 'bundle.tar.gz'), bundleFor(CLIENT_ID));
    proxy = await startProxy({
      settings: [
        `grpc.tls.spiffe_socket=${spire.socket}`,
        // Calls to paste, whose ciphertext is taken, are printed only for an address without TLS.
        `grpc.listeners=[{ listen: "unix:${folder}/clear.sock" }]`,
        'identity.require=true',
        `policy.source=${folder}/bundle.tar.gz`,
      ],
    });
  });

  afterAll(async () => {
    await proxy?.stop();
    await spire?.stop();
    rmSync(folder, { recursive: true });
  });

  /** One call over a new connection, so that it sees the current certificate. */
  async function call({ cert, key }: Svid, { bundle }: Svid): Promise<string> {
    const own = [Buffer.from(key), Buffer.from(cert)] as const;
    const verify = { checkServerIdentity: takeProxy };
    const creds = credentials.createSsl(Buffer.from(bundle), ...own, verify);
    const client = connect(proxy.grpc, creds, { 'grpc.use_local_subchannel_pool': 1 });
    try {
      const ciphertextBlob = await printedCiphertext(proxy);
      return (await reEncrypt(client, { ...REQUEST, ciphertextBlob })).decisionId;
    } finally {
      closeAll(client);
    }
  }

  function takeProxy(_host: string, { subjectaltname, serialNumber }: PeerCertificate) {
    seen.add(serialNumber);
    return subjectaltname?.includes(PROXY_ID) ? undefined : new Error('not the proxy');
  }

  test('gives the proxy and its client their certificates, and policy decides by the client’s identity', async () => {
    const svid = await spire.fetchSvid();
    const decisionId = await call(svid, svid);
    const intent = proxy
      .auditEntries()
      .find((one) => one['kind'] === 'intent' && one['decision_id'] === decisionId);
    expect(intent?.['input']).toMatchObject({
      principal: {
        id: CLIENT_ID,
        kind: 'spiffe',
        authenticated: true,
        spiffe: { trust_domain: DOMAIN, path: `/${CLIENT}` },
      },
    });
  });

  test('renews both while calls run, without a failed call', async () => {
    seen.clear();
    const serials = new Set<string>();
    const failed: string[] = [];
    let calls = 0;
    const until = Date.now() + 2.5 * TTL_S * 1000;
    while (Date.now() < until) {
      const svid = await spire.fetchSvid();
      serials.add(svid.cert);
      await Promise.all(
        Array.from({ length: 10 }, async () => {
          await call(svid, svid).catch((error: Error) => failed.push(error.message));
          calls += 1;
        }),
      );
      await sleep(100);
    }
    process.stdout.write(
      `${JSON.stringify({ calls, proxyCertificates: seen.size, clientCertificates: serials.size })}\n`,
    );
    expect(failed).toEqual([]);
    expect([seen.size, serials.size].map((count) => count >= 3)).toEqual([true, true]);
  });

  test('of another trust domain vouches for nobody here', async () => {
    const other = await startSpire('other.example');
    try {
      registerClient(other);
      const [theirs, ours] = [await other.fetchSvid(), await spire.fetchSvid()];
      const before = proxy.auditEntries().length;
      await expect(call(theirs, ours)).rejects.toThrow('UNAVAILABLE');
      expect(
        proxy
          .auditEntries()
          .slice(before)
          .filter(({ kind }) => kind === 'intent'),
      ).toEqual([]);
      expect(await call(ours, ours)).not.toBe('');
    } finally {
      await other.stop();
    }
  });
});

const REQUEST = {
  sourceKeyId: 'alias/demo-source',
  sourceEncryptionContext: DEMO_CONTEXT,
  destinationKeyId: 'alias/demo-destination',
  destinationEncryptionContext: DEMO_CONTEXT,
};

/** The example policy, with its one rule only for this principal. */
function bundleFor(id: string): Buffer {
  return withFile(readFileSync('policies/bundle.tar.gz'), '/data.json', (data) =>
    data.replace('"anonymous":', `"${id}":`).replace('"anonymous"', '"spiffe"'),
  );
}

/** The client is whoever runs the agent's own command. */
function registerClient(spire: Spire): void {
  const program = realpathSync(findTool('spire-agent') ?? '');
  spire.register({ path: CLIENT, program, ttlS: TTL_S });
}
