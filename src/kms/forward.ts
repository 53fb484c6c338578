import type { KmsAnswer } from '../call.ts';
import type { Permit } from '../policy/permit.ts';
import type { Kms } from './port.ts';
import { type KeyIds, toKmsRequest } from './request.ts';

/**
 * The stage that asks KMS. With `resolved` the ARNs that were judged are sent, so that an alias
 * pointed elsewhere meanwhile changes nothing; with `requested`, for IAM rules on
 * `kms:RequestAlias`, `confirm` is what holds the key to the judged one.
 */
export function createForward(options: {
  readonly kms: Pick<Kms, 'reEncrypt'>;
  readonly keyIds: KeyIds;
}): (permit: Permit) => Promise<KmsAnswer> {
  const { kms, keyIds } = options;
  return (permit) => {
    const { signal } = permit.call;
    return signal.aborted
      ? Promise.reject(signal.reason)
      : kms.reEncrypt(toKmsRequest(permit, keyIds));
  };
}
