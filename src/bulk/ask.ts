import type { Client } from '../client/create-client.ts';
import type { ItemResult } from '../client/item-result.ts';
import { RefusedError } from '../client/refused-error.ts';
import { JobFault } from './fault.ts';
import type { JobItem } from './item.ts';

export type BatchClient = Pick<Client, 'batchReEncrypt'>;

/** An item with what became of it. */
export type Answered = readonly [JobItem, ItemResult];

/** The longest that the proxy allows. */
const TIMEOUT_MS = 30_000;

/**
 * One try of each item. If a batch cannot be taken as it is, mostly for its size, its halves are tried, down
 * to the item at fault; if it is refused for now, that is the result of each of its items.
 * @throws JobFault if the proxy takes no batches, or answers for another item
 */
export async function ask(
  client: BatchClient,
  items: readonly JobItem[],
): Promise<readonly Answered[]> {
  try {
    const batch = items.map(({ item }) => item);
    const results = await client.batchReEncrypt(batch, { timeoutMs: TIMEOUT_MS });
    if (results.length !== items.length) throw new JobFault('failed', OTHER_ITEM);
    return items.map((item, at) => [item, resultOf(item, results[at])]);
  } catch (refused) {
    if (!(refused instanceof RefusedError)) throw refused;
    if (refused.facts.code === 'UNIMPLEMENTED') throw notTaken(items, refused);
    if (isNotTaken(refused) && items.length > 1) return askHalves(client, items);
    return items.map((item) => [item, refusedWhole(item, refused)]);
  }
}

/** One after the other, because what is too large for one message should not be under way at once either. */
async function askHalves(
  client: BatchClient,
  items: readonly JobItem[],
): Promise<readonly Answered[]> {
  const middle = Math.ceil(items.length / 2);
  const first = await ask(client, items.slice(0, middle));
  return [...first, ...(await ask(client, items.slice(middle)))];
}

/**
 * Whether the message itself is refused, and would be again: by the proxy, or by a gRPC library on the
 * way, which knows none of the proxy's reasons (first wording: Node.js and Go; second: Java).
 */
export function isNotTaken({ message, facts: { reason, code } }: RefusedError): boolean {
  if (reason === 'INVALID_REQUEST') return true;
  const isOfLibrary = reason === '' && code === 'RESOURCE_EXHAUSTED';
  return isOfLibrary && /larger than max|exceeds maximum size/.test(message);
}

function refusedWhole({ item: { reference } }: JobItem, refused: RefusedError): ItemResult {
  return { reference, response: undefined, refused };
}

function notTaken([first]: readonly JobItem[], { message }: RefusedError): JobFault {
  const name = JSON.stringify(first?.item.reference ?? '');
  return new JobFault('failed', `the proxy does not take the batch from ${name} on: ${message}`);
}

const OTHER_ITEM = 'the proxy answered for another item';

/** A ciphertext stored under another item's name would lose both. No item of a job is a dry run. */
function resultOf({ item }: JobItem, result: ItemResult | undefined): ItemResult {
  if (result?.reference !== item.reference) throw new JobFault('failed', OTHER_ITEM);
  if (!result.response?.dryRun) return result;
  throw new JobFault('failed', 'the proxy answered for a dry run');
}
