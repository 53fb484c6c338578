import { randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT } from 'jose';
import { createFileKeys } from '../../src/identity/jwks.ts';
import type { JwtKeys, JwtOptions } from '../../src/identity/jwt.ts';
import { arrival } from './arrivals.ts';

export interface Signer {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
  readonly spki: string;
}

export const ISSUER = 'https://issuer.example';
export const algorithms = ['ES256', 'RS256'];
const folder = mkdtempSync(join(tmpdir(), 'jwt-'));

export async function createSigner(alg = 'ES256'): Promise<Signer> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const kid = randomUUID();
  const jwk = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' };
  return { kid, privateKey, jwk, spki: await exportSPKI(publicKey) };
}

/** Of all tests that name no other. */
export const signer = await createSigner();

export function token(
  claims: Record<string, unknown> = {},
  from = signer,
  header = {},
): Promise<string> {
  const exp = Math.floor(Date.now() / 1000) + 300;
  return new SignJWT({ sub: 'billing', iss: ISSUER, aud: 'krp', exp, ...claims })
    .setProtectedHeader({ alg: String(from.jwk.alg), kid: from.kid, ...header })
    .sign(from.privateKey);
}

export async function keysOf(
  ...signers: Signer[]
): Promise<JwtKeys & { file: string; close(): void }> {
  const file = join(folder, `${randomUUID()}.json`);
  await writeFile(file, JSON.stringify({ keys: signers.map(({ jwk }) => jwk) }));
  return { file, ...(await createFileKeys({ file, algorithms, pollMs: 20, onError: () => {} })) };
}

export const options = (keys: JwtKeys): JwtOptions => ({
  issuer: ISSUER,
  audience: ['krp'],
  algorithms,
  clockToleranceMs: 5000,
  cacheMs: 60_000,
  subjectClaim: 'sub',
  claims: ['groups', 'tenant', 'level'],
  keys,
  now: Date.now,
});

export const bearer = (jwt: string) => arrival({ authorization: `Bearer ${jwt}` });
