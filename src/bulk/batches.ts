import type { JobItem } from './item.ts';

/** What a batch holds at most: its lines are longer than its message, which may have 256 KiB. */
const MOST_ITEMS = 200;
const MOST_BYTES = 200_000;

/**
 * Items in batches, for as long as they come; an item larger than a batch is a batch of its own. If
 * their source fails, those that came before it are still made a batch.
 */
export async function* inBatches(
  items: AsyncIterable<JobItem>,
  atOnce: number,
): AsyncGenerator<JobItem[]> {
  const most = Math.min(MOST_ITEMS, atOnce);
  let batch: JobItem[] = [];
  let bytes = 0;
  try {
    for await (const item of items) {
      if (batch.length === most || (batch.length > 0 && bytes + item.bytes > MOST_BYTES)) {
        yield batch;
        [batch, bytes] = [[], 0];
      }
      batch.push(item);
      bytes += item.bytes;
    }
  } catch (fault) {
    if (batch.length > 0) yield batch;
    throw fault;
  }
  if (batch.length > 0) yield batch;
}
