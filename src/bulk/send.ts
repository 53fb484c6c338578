import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../client/create-client.ts';
import type { ItemResult } from '../client/item-result.ts';
import { RefusedError } from '../client/refused-error.ts';
import { JobFault } from './fault.ts';
import type { JobItem } from './item.ts';
import type { Pace } from './pace.ts';
import { createPatience, type PatienceOptions } from './patience.ts';

/** What became of the items, in their order; where it is given up, of those before the first open one. */
export interface Sent {
  readonly done: readonly ItemResult[];
  readonly fault?: JobFault;
}

/** @throws JobFault where the proxy takes no such batch, or answers for another */
export type Send = (items: readonly JobItem[]) => Promise<Sent>;

export interface SendOptions extends PatienceOptions {
  readonly client: Pick<Client, 'batchReEncrypt'>;
  /** Waited for with each try. */
  readonly pace: Pace;
}

/** The most that the proxy gives. */
const TIMEOUT_MS = 30_000;

/** Codes that are about the item: the same call would get the same answer tomorrow. */
const FINAL = new Set([
  'INVALID_ARGUMENT',
  'NOT_FOUND',
  'FAILED_PRECONDITION',
  'PERMISSION_DENIED',
]);

/** Sends what is refused for now again, and only that, until it is answered or patience ends. */
export function createSend({ client, pace, ...options }: SendOptions): Send {
  return async (items) => {
    const results = new Map<JobItem, ItemResult>();
    await pace(items.length);
    const patience = createPatience(options);
    for (let open = items; ; ) {
      for (const [item, result] of await ask(client, open)) results.set(item, result);
      const tried = open.length;
      open = open.filter((item) => isOpen(results.get(item)));
      const refusals = open.flatMap((item) => forNow(results.get(item)));
      const done = leading(items, results);
      const [refusal] = refusals;
      if (!refusal) return { done };
      const pauseMs = patience(refusals, open.length < tried);
      if (pauseMs === undefined) return { done, fault: givenUp(open, refusal) };
      await sleep(pauseMs);
      await pace(open.length);
    }
  };
}

/** Results of the items before the first that is open still. */
function leading(
  items: readonly JobItem[],
  results: ReadonlyMap<JobItem, ItemResult>,
): readonly ItemResult[] {
  const all = items.flatMap((item) => results.get(item) ?? []);
  const end = all.findIndex(isOpen);
  return end < 0 ? all : all.slice(0, end);
}

function isOpen(result: ItemResult | undefined): boolean {
  return forNow(result).length > 0;
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

function notTaken(items: readonly JobItem[], { message }: RefusedError): JobFault {
  const sentence = `the proxy does not take the batch from ${nameFirst(items)} on: ${message}`;
  return new JobFault('failed', sentence);
}

function nameFirst([first]: readonly JobItem[]): string {
  return JSON.stringify(first?.item.reference ?? '');
}

/** A ciphertext under the name of another item would be the loss of both. */
function resultOf({ item }: JobItem, result: ItemResult | undefined): ItemResult {
  if (result?.reference === item.reference) return result;
  throw new JobFault('failed', 'the proxy answered for another item');
}

function givenUp(open: readonly JobItem[], { message, facts }: RefusedError): JobFault {
  const id = facts.decisionId === '' ? '' : `, decision id ${facts.decisionId}`;
  const sentence = `given up for now at ${nameFirst(open)}: ${message} (${facts.code}${id})`;
  return new JobFault('later', sentence);
}
