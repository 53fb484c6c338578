import { inBatches } from './batches.ts';
import { JobFault } from './fault.ts';
import type { JobItem } from './item.ts';
import type { WhyRefused } from './result-line.ts';
import type { Results } from './results.ts';
import type { Send, Sent } from './send.ts';

interface Job {
  readonly items: AsyncIterable<JobItem>;
  readonly results: Results;
  readonly send: Send;
  /** No batch has more items. */
  readonly atOnce: number;
  /** Called for each item whose result is written, also if an earlier run wrote it. */
  readonly onDone: (item: JobItem) => void;
  /** Counts only results that are in the file, so it is right however the job ends. */
  readonly tally: Tally;
}

/** What has become of all items so far, those of earlier runs included. */
export interface Tally {
  items: number;
  released: number;
  refused: number;
  /** How many were refused for which reason. */
  reasons: Record<string, number>;
  /** Items that earlier runs have done. */
  before: number;
}

export function createTally(): Tally {
  return { items: 0, released: 0, refused: 0, reasons: Object.create(null), before: 0 };
}

/**
 * Goes on where the results end: sends the items in batches, and writes the result of each in the order
 * of the items, so that the number of lines is the number of items done. While the results of one batch
 * are awaited and written, the next batch is under way.
 * @throws JobFault; results until then are written
 */
export async function runJob(job: Job): Promise<void> {
  const { items, results, send, atOnce, onDone, tally } = job;
  let written = Promise.resolve();
  try {
    for await (const batch of inBatches(notDone(items, results, tally, onDone), atOnce)) {
      const before = written;
      const answers = heeded(send(batch));
      // Nothing is written after a gap: if one batch fails, so do those after it.
      written = heeded(before.then(async () => write(await answers)));
      await before;
    }
  } finally {
    await written;
  }

  async function write({ done, fault }: Sent): Promise<void> {
    await results.append(done);
    for (const [item, { refused }] of done) {
      count(tally, reasonOf(refused?.facts));
      onDone(item);
    }
    if (fault) throw fault;
  }
}

/** A promise that may reject before anybody awaits it. */
function heeded<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => {});
  return promise;
}

/** Items after those that have a result; each result must belong to the item in its place, as it is now. */
async function* notDone(
  items: AsyncIterable<JobItem>,
  results: Results,
  tally: Tally,
  onDone: (item: JobItem) => void,
): AsyncGenerator<JobItem> {
  const done = results.done()[Symbol.asyncIterator]();
  let result = await done.next();
  let line = 1;
  for await (const item of items) {
    if (result.done) {
      yield item;
      continue;
    }
    if (result.value.reference !== item.item.reference) throw strange(line);
    if (result.value.digest !== item.digest) throw changed(line, item);
    count(tally, reasonOf(result.value.refused));
    tally.before += 1;
    onDone(item);
    result = await done.next();
    line += 1;
  }
  if (!result.done) throw strange(line);
}

/** `reason` is '' for an item that was re-encrypted. */
function count(tally: Tally, reason: string): void {
  tally.items += 1;
  tally[reason === '' ? 'released' : 'refused'] += 1;
  if (reason !== '') tally.reasons[reason] = (tally.reasons[reason] ?? 0) + 1;
}

/** What is not the proxy's own answer has a code alone. */
function reasonOf(refused: WhyRefused | undefined): string {
  return refused ? refused.reason || refused.code || 'UNKNOWN' : '';
}

function strange(line: number): JobFault {
  const sentence = `line ${line} of the results is of another item: they belong to other items`;
  return new JobFault('data', sentence);
}

/** What was written under the old item would pass for the result of the new one. */
function changed(line: number, { item: { reference } }: JobItem): JobFault {
  const sentence =
    `line ${line} of the results is of ${JSON.stringify(reference)} as it was then: the item or the keys of ` +
    'the command line have changed; write what has changed to new files';
  return new JobFault('data', sentence);
}
