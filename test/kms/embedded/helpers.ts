import { constants, createPublicKey, publicEncrypt } from 'node:crypto';
import { createEmbeddedKms, type EmbeddedKmsOptions } from '../../../src/kms/embedded/embedded.ts';

export const REGION = 'eu-west-1';
const ACCOUNT = '111122223333';
export const DAY_MS = 86_400_000;

/** An embedded KMS whose clock moves only when told to. */
export function kmsWithClock(options: Partial<EmbeddedKmsOptions> = {}) {
  let time = Date.UTC(2026, 0, 1);
  const clock = {
    now: () => time,
    pass: (ms: number) => {
      time += ms;
    },
  };
  const kms = createEmbeddedKms({ region: REGION, account: ACCOUNT, now: clock.now, ...options });
  return { kms, clock, ...kms };
}

/** The name of the error that refuses a call, or `done`. */
export function codeOf(call: () => unknown): string {
  try {
    call();
    return 'done';
  } catch (thrown) {
    return (thrown as { code?: string }).code ?? String(thrown);
  }
}

export type Operations = ReturnType<typeof kmsWithClock>['operations'];

/** A request to import this material, but for how long it is to last. */
export function importRequest(operations: Operations, KeyId: string, material: Uint8Array) {
  const { ImportToken, PublicKey } = operations.GetParametersForImport({
    KeyId,
    WrappingAlgorithm: 'RSAES_OAEP_SHA_1',
    WrappingKeySpec: 'RSA_2048',
  });
  const key = createPublicKey({ key: PublicKey, format: 'der', type: 'spki' });
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  const EncryptedKeyMaterial = publicEncrypt({ key, padding, oaepHash: 'sha1' }, material);
  return { KeyId, ImportToken, EncryptedKeyMaterial };
}
