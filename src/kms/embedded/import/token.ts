import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { fault } from '../fault.ts';
import type { Key } from '../model/key.ts';
import type { ImportParameters, World } from '../world.ts';

const LIFE_MS = 86_400_000;

/** Makes a wrapping key and keeps its private half under the token. */
export function giveImportToken(
  world: World,
  key: Key,
  { algorithm, spec }: { algorithm: string; spec: 'RSA_2048' | 'RSA_3072' | 'RSA_4096' },
) {
  const modulusLength = Number(spec.slice('RSA_'.length));
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength });
  const token = randomBytes(64);
  const validTo = world.now() + LIFE_MS;
  world.imports.set(token.toString('hex'), { keyArn: key.arn, algorithm, privateKey, validTo });
  forgetOld(world);
  return {
    ImportToken: token,
    PublicKey: publicKey.export({ format: 'der', type: 'spki' }),
    ParametersValidTo: new Date(validTo),
  };
}

/** @throws InvalidImportTokenException, ExpiredImportTokenException. */
export function takeImportToken(world: World, key: Key, token: Uint8Array): ImportParameters {
  const parameters = world.imports.get(Buffer.from(token).toString('hex'));
  if (!parameters || parameters.keyArn !== key.arn) {
    throw fault('InvalidImportTokenException', 'The import token is not valid for this KMS key.');
  }
  if (parameters.validTo <= world.now()) {
    throw fault('ExpiredImportTokenException', 'Parameters for key material import have expired.');
  }
  return parameters;
}

/** An expired token is reported as expired for a day, then forgotten. */
function forgetOld(world: World): void {
  for (const [token, { validTo }] of world.imports) {
    if (validTo + LIFE_MS <= world.now()) world.imports.delete(token);
  }
}
