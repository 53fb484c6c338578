import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../client/create-client.ts';
import type { ItemResult } from '../client/item-result.ts';
import { RefusedError } from '../client/refused-error.ts';
import { JobFault } from './fault.ts';
import type { JobItem } from './item.ts';

/** Results of all items, in their order. @throws JobFault */
export type Send = (items: readonly JobItem[]) => Promise<readonly ItemResult[]>;

export interface SendOptions {
  readonly client: Pick<Client, 'batchReEncrypt'>;
  /** How long it is tried again while not one item gets further. */
  readonly patienceMs: number;
}

/** The most that the proxy gives. */
const TIMEOUT_MS = 30_000;

const PAUSE_MS = { first: 200, most: 5_000 } as const;

/** Codes that are about the item: the same call would get the same answer tomorrow. */
const FINAL = new Set([
  'INVALID_ARGUMENT',
  'NOT_FOUND',
  'FAILED_PRECONDITION',
  'PERMISSION_DENIED',
]);

/** Sends what is refused for now again, and only that, until it is answered or patience ends. */
export function createSend({ client, patienceMs }: SendOptions): Send {
  return async (items) => {
    const results = new Map<JobItem, ItemResult>();
    let open = items;
    let since = performance.now();
    for (let vain = 0; ; vain += 1) {
      for (const [item, result] of await ask(client, open)) results.set(item, result);
      const refusals = open.flatMap((item) => forNow(results.get(item)));
      const [refusal] = refusals;
      if (!refusal) return items.flatMap((item) => results.get(item) ?? []);
      if (refusals.length < open.length) [since, vain] = [performance.now(), 0];
      if (performance.now() - since > patienceMs) throw givenUp(refusal);
      open = open.filter((item) => forNow(results.get(item)).length > 0);
      await sleep(pauseMs(refusals, vain));
    }
  };
}

/** Its refusal, where another try may get another answer. */
function forNow(result: ItemResult | undefined): readonly RefusedError[] {
  return result?.refused && !FINAL.has(result.refused.facts.code) ? [result.refused] : [];
}

/** Each item with what became of it; where the whole batch is refused for now, that is it for each. */
async function ask(
  client: SendOptions['client'],
  items: readonly JobItem[],
): Promise<readonly (readonly [JobItem, ItemResult])[]> {
  try {
    const batch = items.map(({ item }) => item);
    const results = await client.batchReEncrypt(batch, { timeoutMs: TIMEOUT_MS });
    return items.map((item, at) => [item, resultOf(item, results[at])]);
  } catch (refused) {
    if (!(refused instanceof RefusedError)) throw refused;
    if (isFinal(refused)) throw notTaken(items, refused);
    return items.map((item) => [
      item,
      { reference: item.item.reference, response: undefined, refused },
    ]);
  }
}

/** Whether no batch of these items will ever be taken. */
function isFinal({ facts }: RefusedError): boolean {
  return facts.reason === 'INVALID_REQUEST' || facts.code === 'UNIMPLEMENTED';
}

function notTaken([first]: readonly JobItem[], { message }: RefusedError): JobFault {
  const from = JSON.stringify(first?.item.reference ?? '');
  return new JobFault('failed', `the proxy does not take the batch from ${from} on: ${message}`);
}

/** A ciphertext under the name of another item would be the loss of both. */
function resultOf({ item }: JobItem, result: ItemResult | undefined): ItemResult {
  if (result?.reference === item.reference) return result;
  throw new JobFault('failed', 'the proxy answered for another item');
}

function givenUp({ message, facts }: RefusedError): JobFault {
  const id = facts.decisionId === '' ? '' : `, decision id ${facts.decisionId}`;
  return new JobFault('later', `given up for now: ${message} (${facts.code}${id})`);
}

/** As long as the proxy says, and longer each time that nothing got further. */
function pauseMs(refusals: readonly RefusedError[], vain: number): number {
  const told = Math.max(...refusals.map(({ facts }) => facts.retryAfterMs ?? 0));
  const own = PAUSE_MS.first * 2 ** vain;
  return Math.min(PAUSE_MS.most, Math.max(told, own)) * (0.75 + Math.random() / 2);
}
