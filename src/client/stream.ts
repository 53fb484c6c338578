import { once } from 'node:events';
import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import { toError } from '../thrown.ts';
import { fromServiceError } from './status-details.ts';

/**
 * Sends items as the other side takes them and yields what comes back. Ends with the call, even if
 * items are left; a reader that stops early cancels it. @throws RefusedError
 */
export async function* exchange<Item, Result>(
  call: ClientDuplexStream<Item, Result>,
  items: AsyncIterable<Item>,
  signal?: AbortSignal,
): AsyncGenerator<Result> {
  const cancel = () => call.cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  void send(call, items);
  try {
    if (signal?.aborted === true) cancel();
    yield* call as AsyncIterable<Result>;
  } catch (thrown) {
    throw isServiceError(thrown) ? fromServiceError(thrown) : thrown;
  } finally {
    signal?.removeEventListener('abort', cancel);
    call.cancel();
  }
}

/** If the source throws, the call ends, and the reader gets that error. */
async function send<Item>(call: ClientDuplexStream<Item, unknown>, items: AsyncIterable<Item>) {
  const over = new AbortController();
  const stop = () => over.abort();
  call.once('close', stop).once('end', stop).once('error', stop);
  try {
    for await (const item of items) {
      if (over.signal.aborted) return;
      if (!call.write(item)) {
        await once(call, 'drain', { signal: over.signal }).catch(() => undefined);
      }
    }
    call.end();
  } catch (thrown) {
    call.destroy(toError(thrown));
  }
}

function isServiceError(thrown: unknown): thrown is ServiceError {
  return thrown instanceof Error && 'metadata' in thrown && 'details' in thrown;
}
