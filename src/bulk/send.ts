import { setTimeout as sleep } from 'node:timers/promises';
import type { ItemResult } from '../client/item-result.ts';
import { lastError } from '../client/last-error.ts';
import type { RefusedError } from '../client/refused-error.ts';
import { type Answered, ask, type BatchClient, isNotTaken } from './ask.ts';
import { JobFault } from './fault.ts';
import type { JobItem } from './item.ts';
import type { Pace } from './pace.ts';
import { createPatience, type PatienceOptions } from './patience.ts';

/** What became of the items, in their order; after giving up, only of those before the first open one. */
export interface Sent {
  readonly done: readonly Answered[];
  readonly fault?: JobFault;
}

/** @throws JobFault if the proxy takes no batches, or answers for another item */
export type Send = (items: readonly JobItem[]) => Promise<Sent>;

interface SendOptions extends PatienceOptions {
  readonly client: BatchClient;
  /** Awaited before each try. */
  readonly pace: Pace;
}

/** Codes that are about the item: the same call would get the same answer tomorrow. */
const FINAL = new Set([
  'INVALID_ARGUMENT',
  'NOT_FOUND',
  'FAILED_PRECONDITION',
  'PERMISSION_DENIED',
]);

/** Retries only the items that are refused for now, until they are answered or patience ends. */
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
      const done = leading(results);
      const [refusal] = refusals;
      if (!refusal) return { done };
      const pauseMs = patience(refusals, open.length < tried);
      if (pauseMs === undefined) return { done, fault: givenUp(open, refusal) };
      await sleep(pauseMs);
      await pace(open.length);
    }
  };
}

/** The items before the first one that is still open. */
function leading(results: ReadonlyMap<JobItem, ItemResult>): readonly Answered[] {
  // In the order of the items, however often one was sent: a Map keeps the place of a key.
  const all = [...results];
  const end = all.findIndex(([, result]) => isOpen(result));
  return end < 0 ? all : all.slice(0, end);
}

function isOpen(result: ItemResult | undefined): boolean {
  return forNow(result).length > 0;
}

/** Its refusal, if another try may get another answer. */
function forNow(result: ItemResult | undefined): readonly RefusedError[] {
  const { refused } = result ?? {};
  return refused && !isFinal(refused) ? [refused] : [];
}

function isFinal(refused: RefusedError): boolean {
  return FINAL.has(refused.facts.code) || isNotTaken(refused);
}

function givenUp(open: readonly JobItem[], { message, facts }: RefusedError): JobFault {
  const id = facts.decisionId === '' ? '' : `, decision id ${facts.decisionId}`;
  const name = JSON.stringify(open[0]?.item.reference ?? '');
  const sentence = `given up for now at ${name}: ${lastError(message)} (${facts.code}${id})`;
  return new JobFault('later', sentence);
}
