import type { BatchReEncryptResult__Output } from '../gen/kms/reencrypt/v1/BatchReEncryptResult.ts';
import type { ReEncryptResponse__Output } from '../gen/kms/reencrypt/v1/ReEncryptResponse.ts';
import type { RefusedError } from './refused-error.ts';
import { fromStatus } from './status-details.ts';

/** What became of an item of a batch or stream: either `response` or `refused` is there. */
export interface ItemResult {
  readonly reference: string;
  readonly response: ReEncryptResponse__Output | undefined;
  readonly refused: RefusedError | undefined;
}

const unknown = (message: string) => ({ code: 2, message, details: [] });
const NO_STATUS = unknown('the item came back without a status');
const NO_CIPHERTEXT = 'the answer has no ciphertext';

/** What counts as done is stored in place of the old ciphertext, so it must be one. @throws RefusedError */
export function requireCiphertext(response: ReEncryptResponse__Output): ReEncryptResponse__Output {
  if (isWhole(response)) return response;
  throw fromStatus(unknown(NO_CIPHERTEXT));
}

/** Only a dry run answers without. */
function isWhole({ ciphertextBlob, dryRun }: ReEncryptResponse__Output): boolean {
  return ciphertextBlob.length > 0 || dryRun;
}

export function toItemResult(result: BatchReEncryptResult__Output): ItemResult {
  const { reference, status, response } = result;
  if (status?.code !== 0) {
    return { reference, response: undefined, refused: fromStatus(status ?? NO_STATUS) };
  }
  if (response && isWhole(response)) return { reference, response, refused: undefined };
  return { reference, response: undefined, refused: fromStatus(unknown(NO_CIPHERTEXT)) };
}
