import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { credentials, Metadata, status } from '@grpc/grpc-js';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BatchReEncryptResponse__Output } from '../../src/gen/kms/reencrypt/v1/BatchReEncryptResponse.ts';
import type { ReEncryptServiceClient } from '../../src/gen/kms/reencrypt/v1/ReEncryptService.ts';
import type { StreamReEncryptResponse__Output } from '../../src/gen/kms/reencrypt/v1/StreamReEncryptResponse.ts';
import { type AwsProxy, startAwsProxy } from '../helpers/aws-proxy.ts';
import { createAuthority } from '../helpers/certificates.ts';
import { closeAll, connect, refusalOf } from '../helpers/grpc-client.ts';
import { sendRaw } from '../helpers/raw-call.ts';

const ca = createAuthority();

let folder: string;
let aws: AwsProxy;
/** When the callers' token and certificate expire, in milliseconds; both hold whole seconds only. */
let endsAt: number;
let byToken: Metadata;
let tokenClient: ReEncryptServiceClient;
let certificateClient: ReEncryptServiceClient;
/** A connection with the certificate, on which one call was made. */
let session: ClientHttp2Session;
let goneAway: Promise<unknown>;

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'expiry-'));
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' };
  const server = ca.issue({ dns: ['localhost'], usage: 'server' });
  const jwt = {
    issuer: 'https://issuer.example',
    audience: ['krp'],
    jwks_file: file('jwks.json', JSON.stringify({ keys: [jwk] })),
    clock_tolerance_ms: 0,
  };
  aws = await startAwsProxy({
    settings: [
      'identity.require=true',
      `identity.jwt=${JSON.stringify(jwt)}`,
      `grpc.tls.cert_file=${file('cert.pem', server.cert)}`,
      `grpc.tls.key_file=${file('key.pem', server.key)}`,
      `grpc.tls.client_ca_file=${file('ca.pem', ca.cert)}`,
      'grpc.tls.client_certificates=optional',
    ],
  });
  endsAt = (Math.ceil(Date.now() / 1000) + 2) * 1000;
  const token = await new SignJWT({ sub: 'orders' })
    .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
    .setIssuer(jwt.issuer)
    .setAudience('krp')
    .setExpirationTime(endsAt / 1000)
    .sign(privateKey);
  byToken = new Metadata();
  byToken.set('authorization', `Bearer ${token}`);
  tokenClient = connectAs();
  const caller = ca.issue({ uris: ['spiffe://example.org/a'], notAfter: new Date(endsAt) });
  certificateClient = connectAs(caller);
  session = connectHttp2(`https://${aws.proxy.endpoint}`, {
    ...{ ca: ca.cert, cert: caller.cert, key: caller.key, servername: 'localhost' },
  }).on('error', () => {});
  goneAway = once(session, 'goaway');
  await sendRaw(session, '/kms.reencrypt.v1.ReEncryptService/ReEncrypt', Buffer.alloc(0));
});

afterAll(async () => {
  closeAll(tokenClient, certificateClient);
  session.destroy();
  await aws.close();
});

function connectAs(caller?: { key: string; cert: string }): ReEncryptServiceClient {
  const pair = caller && ([Buffer.from(caller.key), Buffer.from(caller.cert)] as const);
  const creds = credentials.createSsl(Buffer.from(ca.cert), ...(pair ?? []));
  return connect(aws.proxy.endpoint, creds, { 'grpc.ssl_target_name_override': 'localhost' });
}

const REQUEST = {
  ciphertextBlob: Buffer.from('ciphertext'),
  sourceKeyId: 'alias/a',
  destinationKeyId: 'alias/b',
};

function openStream(client: ReEncryptServiceClient, metadata: Metadata) {
  const call = client.StreamReEncrypt(metadata);
  const results: string[] = [];
  call.on('data', ({ reference, status: told }: StreamReEncryptResponse__Output) => {
    results.push(`${reference} ${told?.code}`);
  });
  const ended = new Promise((_, reject) => call.on('error', reject));
  ended.catch(() => {});
  return {
    results,
    ended,
    send: (reference: string) => call.write({ reference, request: REQUEST }),
  };
}

const sendBatch = (references: readonly string[]) =>
  new Promise<readonly string[]>((resolve, reject) => {
    const items = references.map((reference) => ({ reference, request: REQUEST }));
    const told = (failed: Error | null, answer?: BatchReEncryptResponse__Output) => {
      if (failed) reject(failed);
      else resolve(answer?.results.map((one) => `${one.reference} ${one.status?.code}`) ?? []);
    };
    tokenClient.BatchReEncrypt({ items }, byToken, told);
  });

const afterTheEnd = () => sleep(endsAt + 100 - Date.now());

test('an item needs a valid caller only when it begins; a stream ends with its token or certificate', async () => {
  const streams = [openStream(tokenClient, byToken), openStream(certificateClient, new Metadata())];
  for (const { send } of streams) send('before');
  await expect
    .poll(() => streams.map(({ results }) => results))
    .toEqual([['before 0'], ['before 0']]);
  // 32 items, as many as may be under way at once, begin before the expiry, and the last one after it.
  aws.kms.always({ kind: 'answer', delayMs: endsAt + 150 - Date.now() }, 'ReEncrypt');
  const batch = sendBatch([...Array(32).keys(), 'last'].map(String));
  await afterTheEnd();
  for (const { send } of streams) send('after');
  const denied = status.UNAUTHENTICATED;
  const told = await Promise.all(streams.map(({ ended }) => refusalOf(ended)));
  expect(told).toMatchObject([
    { code: denied, reason: 'UNAUTHENTICATED', message: 'The bearer token has expired.' },
    { code: denied, reason: 'UNAUTHENTICATED', message: 'The client certificate has expired.' },
  ]);
  const last = `after ${denied}`;
  expect(streams.map(({ results }) => results.at(-1))).toEqual([last, last]);
  expect((await batch).filter((one) => one.endsWith(' 0'))).toHaveLength(32);
  expect((await batch).at(-1)).toBe(`last ${denied}`);
});

test('a client is told to connect anew, with its next certificate, by when that of its connection ends', async () => {
  await goneAway;
});
