import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type RemoteJWKSet } from 'jose';
import { expect, test } from 'vitest';
import { boundWaiting } from '../../src/identity/bound-waiting.ts';
import { NoKeysError } from '../../src/identity/jwt.ts';

const MOST_WAITING = 1000;

async function keySet(kid: string): Promise<{ keys: JWK[] }> {
  const { publicKey } = await generateKeyPair('ES256', { extractable: true });
  return { keys: [{ ...(await exportJWK(publicKey)), kid, alg: 'ES256' }] };
}

test('while too many tokens wait, only keys that are fresh and still the issuer’s are tried', async () => {
  const answer = Promise.withResolvers<CryptoKey>();
  let asked = 0;
  const ask = () => {
    asked += 1;
    return answer.promise;
  };
  const issuer = Object.assign(ask, { fresh: true });
  const cache = { uat: 1, jwks: await keySet('old') };
  const find = boundWaiting(issuer as unknown as RemoteJWKSet, cache);
  const keyOf = (kid: string) => find({ alg: 'ES256', kid }, { payload: '', signature: '' });
  const waiting = Array.from({ length: MOST_WAITING }, () => keyOf('old'));

  const key = await keyOf('old');
  expect(key).toHaveProperty('type', 'public');
  await expect(keyOf('new')).rejects.toThrow(NoKeysError);
  Object.assign(cache, { uat: 2, jwks: await keySet('new') });
  await expect(keyOf('new')).resolves.toHaveProperty('type', 'public');
  await expect(keyOf('old')).rejects.toThrow(NoKeysError);
  issuer.fresh = false;
  await expect(keyOf('new')).rejects.toThrow(NoKeysError);

  expect(asked).toBe(MOST_WAITING);
  answer.resolve(key as CryptoKey);
  await Promise.all(waiting);
  await keyOf('old');
  expect(asked).toBe(MOST_WAITING + 1);
});
