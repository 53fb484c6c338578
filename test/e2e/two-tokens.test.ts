import { mkdtempSync, writeFileSync } from 'node:fs';
import { type ClientHttp2Session, type ClientSessionOptions, connect } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { status } from '@grpc/grpc-js';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningProxy, startProxy } from '../helpers/proxy.ts';
import { framed, sendRaw } from '../helpers/raw-call.ts';

const ISSUER = { issuer: 'https://issuer.example', audience: ['krp'] };
/** Has a destination_key_id, so that it is a valid call. */
const MESSAGE = framed(
  Buffer.concat([Buffer.from([0x0a, 0x01, 0x61, 0x22, 22]), Buffer.from('alias/demo-destination')]),
);

let folder: string;
let proxy: RunningProxy;
let session: ClientHttp2Session;
let sign: (sub: string) => Promise<string>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tokens-'));
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwks = join(folder, 'jwks.json');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' };
  writeFileSync(jwks, JSON.stringify({ keys: [jwk] }));
  sign = (sub) =>
    new SignJWT({ sub })
      .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
      .setIssuer(ISSUER.issuer)
      .setAudience('krp')
      .setExpirationTime('5m')
      .sign(privateKey);
  proxy = await startProxy([
    'identity.require=true',
    `identity.jwt=${JSON.stringify({ ...ISSUER, jwks_file: jwks })}`,
  ]);
  // Without this, Node's client would not send a header field twice; before 24 it never does.
  const options = { strictSingleValueFields: false } as ClientSessionOptions;
  session = connect(`http://${proxy.endpoint}`, options);
});

afterAll(async () => {
  session.destroy();
  await proxy.stop();
});

/** The principal of a call with these tokens, each in its own header field. */
async function judgedAs(authorization: readonly string[]): Promise<string> {
  const told = await sendRaw(session, '/kms.reencrypt.v1.ReEncryptService/ReEncrypt', MESSAGE, {
    authorization: [...authorization] as unknown as string,
  });
  if (Number(told['grpc-status']) === status.UNAUTHENTICATED) return 'UNAUTHENTICATED';
  const entry = proxy.entries().findLast((one) => one['decision_id'] === told['decision_id']);
  return String((entry?.['input'] as Input | undefined)?.principal.id);
}

const [major = 0] = process.versions.node.split('.').map(Number);
const twice = test.skipIf(major < 24);

twice('of two tokens the first counts and the second is ignored', async () => {
  const [a, b, bad] = [
    `Bearer ${await sign('a')}`,
    `Bearer ${await sign('b')}`,
    'Bearer e30.e30.x',
  ];
  expect(await judgedAs([a])).toBe('a');
  expect(await judgedAs([a, bad])).toBe('a');
  expect(await judgedAs([a, b])).toBe('a');
  expect(await judgedAs([b, a])).toBe('b');
});

twice('a good second token does not rescue a bad first one', async () => {
  const good = `Bearer ${await sign('a')}`;
  for (const first of ['Bearer e30.e30.x', 'Bearer', 'Basic YTpi', '']) {
    expect(await judgedAs([first, good]), first).toBe('UNAUTHENTICATED');
  }
});

test('two tokens in one field are refused', async () => {
  const good = `Bearer ${await sign('a')}`;
  for (const both of [`${good}, ${good}`, `${good},${good}`, `${good} ${good}`]) {
    expect(await judgedAs([both])).toBe('UNAUTHENTICATED');
  }
});

test('a token that HTTP/2 forbids never arrives, so the call has none', async () => {
  const good = `Bearer ${await sign('a')}`;
  expect(await judgedAs([good])).toBe('a');
  for (const bad of [` ${good}`, `${good} `, `${good}\u0001`]) {
    expect(await judgedAs([bad])).toBe('UNAUTHENTICATED');
  }
});

interface Input {
  readonly principal: { readonly id: string };
}
