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

const NO_STATUS = { code: 2, message: 'the item came back without a status', details: [] };

export function toItemResult(result: BatchReEncryptResult__Output): ItemResult {
  const { reference, status, response } = result;
  if (status?.code === 0 && response) return { reference, response, refused: undefined };
  return { reference, response: undefined, refused: fromStatus(status ?? NO_STATUS) };
}
