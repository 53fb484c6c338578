import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuthority, type Issued } from '../helpers/certificates.ts';
import { closeAll, connect, reEncrypt, refusalOf } from '../helpers/grpc-client.ts';
import { type RunningProxy, startProxy } from '../helpers/proxy.ts';
import { type Agent, bundlesMessage, startAgent, svidMessage } from '../helpers/workload-api.ts';

/** Ours, a partner whose workloads we accept, and a domain whose bundle we get but do not use. */
const [ours, partner, stranger] = ['Ours', 'Partner', 'Stranger'].map((commonName) =>
  createAuthority({ commonName }),
) as [Issued, Issued, Issued];
const [below, belowPartner] = [ours, partner].map((authority, n) =>
  authority.issue({ ca: true, commonName: `Below ${n}` }),
) as [Issued, Issued];
const OURS = 'spiffe://ours.example/billing';
const PARTNERS = 'spiffe://partner.example/billing';
const REQUEST = {
  ciphertextBlob: Buffer.from('no ciphertext'),
  sourceKeyId: 'alias/demo-source',
  destinationKeyId: 'alias/demo-destination',
};

const client = (authority: Issued, uri: string): Issued =>
  authority.issue({ uris: [uri], usage: 'client' });

/** A leaf followed by these certificates, as the peer sends them. */
const chain = (leaf: Issued, ...others: readonly Issued[]): Issued => ({
  ...leaf,
  cert: [leaf, ...others].map(({ cert }) => cert).join(''),
});

/** The bundles that the agent has; the partner's CA may change. */
const bundles = (partners: Issued | undefined) => ({
  ...(partners && { 'spiffe://partner.example': partners.der }),
  'spiffe://stranger.example': stranger.der,
});

function tell(agent: Agent, partners: Issued | undefined): void {
  const issued = ours.issue({ uris: ['spiffe://ours.example/proxy'], dns: ['localhost'] });
  const federated = bundles(partners);
  const id = 'spiffe://ours.example/proxy';
  agent.svids(svidMessage({ id, issued, bundle: ours.der, federated }));
  agent.bundles(bundlesMessage({ 'spiffe://ours.example': ours.der, ...federated }));
}

describe.each(['FetchX509SVID', 'FetchX509Bundles'])('a trust domain from %s', (method) => {
  let folder: string;
  let agent: Agent;
  let proxy: RunningProxy;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'federation-'));
    agent = await startAgent(`unix:${folder}/agent.sock`);
    tell(agent, partner);
    proxy = await startFor('ours.example, partner.example');
  });

  const startFor = (domains: string): Promise<RunningProxy> =>
    startProxy([
      `grpc.tls.spiffe_socket=unix:${folder}/agent.sock`,
      'identity.require=true',
      `identity.mtls.trust_domains=[${domains}]`,
      'identity.mtls.name_from=dns',
      ...(method === 'FetchX509Bundles' ? ownFiles() : []),
    ]);

  afterAll(async () => {
    await proxy.stop();
    agent.stop();
  });

  function ownFiles(): string[] {
    const { cert, key } = ours.issue({ dns: ['localhost'], usage: 'server' });
    writeFileSync(join(folder, 'cert.pem'), cert);
    writeFileSync(join(folder, 'key.pem'), key);
    return [`grpc.tls.cert_file=${folder}/cert.pem`, `grpc.tls.key_file=${folder}/key.pem`];
  }

  /** Calls over a new connection; returns the reason of the refusal and the principal. */
  async function callAs({ cert, key }: Issued, { endpoint, entries } = proxy) {
    const pair = [Buffer.from(key), Buffer.from(cert)] as const;
    const creds = credentials.createSsl(Buffer.from(ours.cert), ...pair);
    const caller = connect(endpoint, creds, {
      'grpc.ssl_target_name_override': 'localhost',
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_retries': 0,
    });
    try {
      const { reason, decisionId } = await refusalOf(reEncrypt(caller, REQUEST));
      const entry = entries().findLast((one) => one['decision_id'] === decisionId);
      return { reason, as: (entry?.['input'] as Input | undefined)?.principal };
    } finally {
      closeAll(caller);
    }
  }

  test.each([
    ['our own', client(ours, OURS), OURS],
    ['our own with an intermediate CA', chain(client(below, OURS), below), OURS],
    ['a configured one', client(partner, PARTNERS), PARTNERS],
    [
      'a configured one with an intermediate CA',
      chain(client(belowPartner, PARTNERS), belowPartner),
      PARTNERS,
    ],
  ])('(%s) vouches for its own workloads', async (_, issued, id) => {
    const { reason, as } = await callAs(issued);
    expect(reason).not.toBe('UNAUTHENTICATED');
    expect(as).toMatchObject({
      id,
      kind: 'spiffe',
      authenticated: true,
      spiffe: { trust_domain: id.split('/')[2] },
    });
  });

  const forged = client(partner, 'spiffe://ours.example/admin');
  const forgedBelow = client(belowPartner, 'spiffe://ours.example/admin');
  /** A CA with the name of ours, signed by the partner. */
  const namesake = partner.issue({ ca: true, commonName: 'Ours' });
  test.each([
    ['its CA signs an ID of ours', forged],
    ['its intermediate CA does', chain(forgedBelow, belowPartner)],
    ['our CAs are sent along', chain(forged, below, ours)],
    ['our CAs are sent first', chain(forgedBelow, below, belowPartner, ours)],
    ['our CA signs one of its IDs', client(ours, PARTNERS)],
    ['its CA signs another name', partner.issue({ dns: ['billing.ours.example'] })],
    ['it sends more than can be looked at', chain(client(below, OURS), ...Array(10).fill(below))],
  ])('does not vouch for another: refused if %s', async (_, issued) => {
    const before = proxy.entries().length;
    expect(await callAs(issued)).toEqual({ reason: 'UNAUTHENTICATED', as: undefined });
    const kinds = proxy
      .entries()
      .slice(before)
      .map((entry) => entry['kind']);
    expect(kinds.filter((kind) => kind === 'intent' || kind === 'refusal')).toEqual([]);
  });

  test('has such refusals counted in the log', async () => {
    await callAs(forged);
    await expect
      .poll(() => proxy.entries().map((entry) => entry['turned_away']))
      .toContainEqual({ reason: 'UNAUTHENTICATED', count: expect.any(Number) });
  });

  test.each([
    ['is not configured', client(stranger, 'spiffe://stranger.example/billing')],
    ['is not configured, with an ID of ours', client(stranger, OURS)],
    [
      'signs by a CA with our CA’s name',
      chain(client(namesake, 'spiffe://ours.example/admin'), namesake),
    ],
    ['nobody has heard of', client(createAuthority({ commonName: 'X' }), OURS)],
  ])('that %s gets no connection', async (_, issued) => {
    await expect(callAs(issued)).resolves.toMatchObject({ reason: '', as: undefined });
  });

  test('that changes its CA, or is removed, does so from the next connection on', async () => {
    const next = createAuthority({ commonName: 'Next' });
    const [old, young] = [client(partner, PARTNERS), client(next, PARTNERS)];
    tell(agent, next);
    await expect.poll(async () => (await callAs(young)).as?.id).toBe(PARTNERS);
    expect((await callAs(old)).as).toBeUndefined();
    tell(agent, undefined);
    await expect.poll(async () => (await callAs(young)).as).toBeUndefined();
    expect((await callAs(client(ours, OURS))).as?.id).toBe(OURS);
    expect((await callAs(client(next, OURS))).as).toBeUndefined();
    expect(proxy.logged.join()).toContain('no good bundle of the trust domain partner.example');
    tell(agent, partner);
    await expect.poll(async () => (await callAs(old)).as?.id).toBe(PARTNERS);
  });

  test('that is removed lets nobody in any more, also where it was the only one', async () => {
    const alone = await startFor('partner.example');
    const known = async () => (await callAs(client(partner, PARTNERS), alone)).as?.id;
    expect(await known()).toBe(PARTNERS);
    tell(agent, undefined);
    await expect.poll(known).toBeUndefined();
    expect((await callAs(client(ours, OURS), alone)).as).toBeUndefined();
    tell(agent, partner);
    await expect.poll(known).toBe(PARTNERS);
    await alone.stop();
  });

  // A certificate from files does not say which trust domain is the proxy’s own.
  if (method !== 'FetchX509SVID') return;
  test('that is not configured is the proxy’s own, whose CA vouches for no other', async () => {
    const alone = await startFor('');
    expect((await callAs(client(ours, OURS), alone)).as?.id).toBe(OURS);
    expect(await callAs(client(ours, PARTNERS), alone)).toEqual({
      reason: 'UNAUTHENTICATED',
      as: undefined,
    });
    expect((await callAs(client(partner, PARTNERS), alone)).as).toBeUndefined();
    await alone.stop();
  });
});

interface Input {
  readonly principal: { readonly id: string };
}
