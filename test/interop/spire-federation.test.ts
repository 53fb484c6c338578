import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAuthority } from '../helpers/certificates.ts';
import { closeAll, connect, reEncrypt, refusalOf } from '../helpers/grpc-client.ts';
import { type RunningProxy, startProxy } from './helpers/proxy.ts';
import { type Spire, type Svid, startSpire } from './helpers/spire.ts';
import { describeWith, findTool } from './helpers/tools.ts';

const [OURS, PARTNER] = ['ours.example', 'partner.example'];
const REQUEST = {
  ciphertextBlob: Buffer.from('no ciphertext'),
  sourceKeyId: 'alias/demo-source',
  destinationKeyId: 'alias/demo-destination',
};

describeWith(['spire-server', 'spire-agent'], 'two SPIRE servers, federated', () => {
  let folder: string;
  let [ours, partner]: Spire[] = [];
  /** By method: certificate and CAs from SPIRE, or the certificate from files. */
  const proxies = new Map<string, RunningProxy>();
  const own = createAuthority({ commonName: 'Own' });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'federation-'));
    [ours, partner] = await Promise.all([startSpire(OURS), startSpire(PARTNER)]);
    ours.federate(PARTNER, partner.bundle());
    const node = { path: 'proxy', program: realpathSync('node_modules/.bin/node') };
    ours.register({ ...node, ttlS: 3600, dns: 'localhost', federatesWith: [PARTNER] });
    for (const spire of [ours, partner]) {
      const program = realpathSync(findTool('spire-agent') ?? '');
      spire.register({ path: 'billing', program, ttlS: 3600 });
    }
    const settings = [
      `grpc.tls.spiffe_socket=${ours.socket}`,
      'identity.require=true',
      `identity.mtls.trust_domains=[${OURS}, ${PARTNER}]`,
    ];
    proxies.set('FetchX509SVID', await startProxy({ settings }));
    const { cert, key } = own.issue({ dns: ['localhost'], usage: 'server' });
    writeFileSync(join(folder, 'cert.pem'), cert);
    writeFileSync(join(folder, 'key.pem'), key);
    const files = [`grpc.tls.cert_file=${folder}/cert.pem`, `grpc.tls.key_file=${folder}/key.pem`];
    proxies.set('FetchX509Bundles', await startProxy({ settings: [...settings, ...files] }));
  });

  afterAll(async () => {
    for (const proxy of proxies.values()) await proxy.stop();
    await ours?.stop();
    await partner?.stop();
    rmSync(folder, { recursive: true });
  });

  async function principalOf({ cert, key }: Pick<Svid, 'cert' | 'key'>, method: string) {
    const proxy = proxies.get(method);
    if (!proxy || !ours) throw new Error('nothing has started');
    const roots = Buffer.from(method === 'FetchX509SVID' ? ours.bundle() : own.cert);
    const creds = credentials.createSsl(roots, Buffer.from(key), Buffer.from(cert));
    const client = connect(proxy.grpc, creds, {
      'grpc.ssl_target_name_override': 'localhost',
      'grpc.use_local_subchannel_pool': 1,
    });
    const { reason, decisionId } = await refusalOf(reEncrypt(client, REQUEST));
    closeAll(client);
    const entry = proxy.auditEntries().find((one) => one['decision_id'] === decisionId);
    return { reason, principal: (entry?.['input'] as Input | undefined)?.principal.id };
  }

  test.each(['FetchX509SVID', 'FetchX509Bundles'])(
    'by %s, identify the workloads of both',
    async (method) => {
      for (const [domain, spire] of [
        [OURS, ours],
        [PARTNER, partner],
      ] as const) {
        const svid = await spire?.fetchSvid();
        if (!svid) throw new Error('SPIRE has not started');
        const { reason, principal } = await principalOf(svid, method);
        expect([reason, principal]).toEqual(['POLICY_DENIED', `spiffe://${domain}/billing`]);
      }
    },
  );

  test.each(['FetchX509SVID', 'FetchX509Bundles'])(
    'by %s, give no trust to other CAs',
    async (method) => {
      const forged = own.issue({ uris: [`spiffe://${OURS}/billing`], usage: 'client' });
      expect(await principalOf(forged, method)).toEqual({ reason: '', principal: undefined });
    },
  );
});

interface Input {
  readonly principal: { readonly id: string };
}
