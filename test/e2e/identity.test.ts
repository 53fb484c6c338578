import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChannelCredentials, credentials, Metadata } from '@grpc/grpc-js';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run as bulk } from '../../src/cli/bulk/run.ts';
import { run as check } from '../../src/cli/check.ts';
import { createAuthority } from '../helpers/certificates.ts';
import { closeAll, connect, refusalOf, type Told } from '../helpers/grpc-client.ts';
import { type RunningProxy, startProxy } from '../helpers/proxy.ts';
import { runCommand } from '../helpers/run-command.ts';

const ca = createAuthority();
const BILLING = 'spiffe://example.org/billing';
const REQUEST = {
  ciphertextBlob: Buffer.from('no ciphertext'),
  sourceKeyId: 'alias/demo-source',
  destinationKeyId: 'alias/demo-destination',
};

let folder: string;
let proxy: RunningProxy;
let token: string;
let tokenOf: (issuer: string, audience: string) => Promise<string>;

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'identity-'));
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' };
  const server = ca.issue({ dns: ['localhost'], usage: 'server' });
  const jwt = { issuer: 'https://issuer.example', audience: ['krp'] };
  tokenOf = (issuer, audience) =>
    new SignJWT({ sub: 'orders' })
      .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
      .setIssuer(issuer)
      .setAudience(audience)
      .setExpirationTime('5m')
      .sign(privateKey);
  token = await tokenOf(jwt.issuer, 'krp');
  const jwks = file('jwks.json', JSON.stringify({ keys: [jwk] }));
  const socket = { listen: `unix:${folder}/reports.sock`, identity: 'reports' };
  proxy = await startProxy([
    'identity.require=true',
    `identity.jwt=${JSON.stringify({ ...jwt, jwks_file: jwks, claims: ['tenant'] })}`,
    `grpc.tls.cert_file=${file('cert.pem', server.cert)}`,
    `grpc.tls.key_file=${file('key.pem', server.key)}`,
    `grpc.tls.client_ca_file=${file('ca.pem', ca.cert)}`,
    'grpc.tls.client_certificates=optional',
    `grpc.listeners=${JSON.stringify([socket])}`,
  ]);
});

afterAll(() => proxy.stop());

/** Makes a call; returns its refusal, and its input from the audit log. */
async function callAs(how: {
  address?: string;
  creds?: ChannelCredentials;
  authorization?: string;
}) {
  const { address = proxy.endpoint, creds = asCaller(), authorization } = how;
  const client = connect(address, creds, { 'grpc.ssl_target_name_override': 'localhost' });
  const metadata = new Metadata();
  if (authorization) metadata.set('authorization', authorization);
  const told: Told = await refusalOf(
    new Promise((resolve, reject) => {
      client.ReEncrypt(REQUEST, metadata, (error, answer) =>
        error ? reject(error) : resolve(answer),
      );
    }),
  );
  closeAll(client);
  const entry = proxy.entries().findLast((one) => one['decision_id'] === told.decisionId);
  return { reason: told.reason, message: told.message, input: entry?.['input'] };
}

function asCaller(uris?: readonly string[]): ChannelCredentials {
  const root = Buffer.from(ca.cert);
  if (!uris) return credentials.createSsl(root);
  const { key, cert } = ca.issue({ uris, usage: 'client' });
  return credentials.createSsl(root, Buffer.from(key), Buffer.from(cert));
}

const principal = (id: string, kind: string) => ({
  principal: expect.objectContaining({ id, kind }),
});

test('policy and audit see a SPIFFE ID, even if a token comes with it', async () => {
  const { reason, input } = await callAs({
    creds: asCaller([BILLING]),
    authorization: `Bearer ${token}`,
  });
  expect(reason).not.toBe('UNAUTHENTICATED');
  expect(input).toMatchObject(principal(BILLING, 'spiffe'));
});

test('a claim that policy may ask for is there and empty, whoever calls without it', async () => {
  for (const how of [{ creds: asCaller([BILLING]) }, { authorization: `Bearer ${token}` }]) {
    const { input } = await callAs(how);
    expect(input).toMatchObject({ principal: { attributes: { tenant: '' } } });
  }
});

test('policy and audit see a bearer token if there is no certificate', async () => {
  const { input } = await callAs({ authorization: `Bearer ${token}` });
  expect(input).toMatchObject(principal('orders', 'jwt'));
});

test.each([
  ['of another issuer', 'https://other.example', 'krp'],
  ['for another service', 'https://issuer.example', 'other'],
])('a token %s is refused, though the key is right', async (_, issuer, audience) => {
  const authorization = `Bearer ${await tokenOf(issuer, audience)}`;
  expect((await callAs({ authorization })).reason).toBe('UNAUTHENTICATED');
});

test('the commands read a bearer token from its file again for each call', async () => {
  const [, port] = proxy.endpoint.split(':');
  const tokenFile = file('token', `${token}\n`);
  const where = ['--endpoint-url', `grpcs://localhost:${port}`, '--ca-bundle', `${folder}/ca.pem`];
  const asOrders = [...where, '--token-file', tokenFile];
  const call = ['--destination-key-id', 'alias/demo-destination'];
  expect((await runCommand(check, [...asOrders, ...call])).stderr).toContain('POLICY_DENIED');
  const [items, results] = [
    file('items', '{"reference":"a","destination_key_id":"alias/b"}\n'),
    `${folder}/results`,
  ];
  await runCommand(bulk, [items, results, ...asOrders]);
  expect(readFileSync(results, 'utf8')).toContain('INVALID_REQUEST');
  file('token', 'two\nlines');
  const { exit, stderr } = await runCommand(check, [...asOrders, ...call]);
  expect([exit, stderr]).toEqual([
    255,
    expect.stringContaining('token does not hold a bearer token'),
  ]);
});

test('policy and audit see a Unix socket’s identity, in clear beside the TLS door', async () => {
  const { input } = await callAs({
    address: `unix:${folder}/reports.sock`,
    creds: credentials.createInsecure(),
  });
  expect(input).toMatchObject(principal('reports', 'uds'));
});

test.each([
  ['nothing', {}],
  ['two URI names', { uris: [BILLING, 'spiffe://example.org/admin'] }],
  ['a made-up token', { authorization: 'Bearer e30.e30.e30' }],
  [
    'a bad SPIFFE ID and a bad token',
    { uris: ['spiffe://example.org/a/../b'], authorization: 'x' },
  ],
])(
  'a caller with %s is refused before anything is asked, and leaves no call entry',
  async (_, how) => {
    const { uris, ...rest } = how as { uris?: readonly string[]; authorization?: string };
    const before = proxy.entries().length;
    const { reason, input } = await callAs({ creds: asCaller(uris), ...rest });
    expect([reason, input]).toEqual(['UNAUTHENTICATED', undefined]);
    const since = proxy.entries().slice(before);
    expect(since.filter(({ kind }) => kind === 'refusal' || kind === 'intent')).toEqual([]);
  },
);

test('why a certificate was refused is in the process log, once per second', async () => {
  const { key, cert } = createAuthority({ commonName: 'Other CA' }).issue({ uris: [BILLING] });
  const creds = credentials.createSsl(Buffer.from(ca.cert), Buffer.from(key), Buffer.from(cert));
  await callAs({ creds });
  await callAs({ creds });
  const told = proxy.logged.filter((line) => line.includes('a TLS handshake failed'));
  expect(told).toHaveLength(1);
  expect(told.join()).toContain('no CA of ours has signed the client’s certificate');
});

test('callers that were turned away are counted in the log', async () => {
  const counted = { turned_away: expect.objectContaining({ reason: 'UNAUTHENTICATED' }) };
  await expect.poll(() => proxy.entries()).toContainEqual(expect.objectContaining(counted));
});

test('when the certificate ends is in the metrics', async () => {
  const series = 'kms_reencrypt_certificate_expiry_timestamp_seconds{listener="grpc"}';
  const leftMs = Number(await proxy.metric(series)) * 1000 - Date.now();
  expect(leftMs).toBeGreaterThan(0);
  expect(leftMs).toBeLessThanOrEqual(3_600_000);
});

test('an unreachable issuer shows in a gauge, and its tokens are refused without blame', async () => {
  const jwt = { issuer: 'https://issuer.example', audience: ['krp'] };
  const away = { ...jwt, jwks_url: 'http://127.0.0.1:1/jwks' };
  const lame = await startProxy([`identity.jwt=${JSON.stringify(away)}`]);
  const { reason, message } = await callAs({
    address: lame.endpoint,
    creds: credentials.createInsecure(),
    authorization: `Bearer ${token}`,
  });
  expect(reason).toBe('TOKEN_KEYS_UNAVAILABLE');
  expect(message).toContain('the issuer’s keys cannot be had');
  expect(await lame.metric('kms_reencrypt_token_keys_missing')).toBe('1');
  expect(await proxy.metric('kms_reencrypt_token_keys_missing')).toBe('0');
  await lame.stop();
});
