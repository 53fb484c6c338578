import { status } from '@grpc/grpc-js';
import { invalid, toRefusal } from '../errors.ts';
import type { BatchReEncryptResult } from '../gen/kms/reencrypt/v1/BatchReEncryptResult.ts';
import type { ReEncryptRequest__Output } from '../gen/kms/reencrypt/v1/ReEncryptRequest.ts';
import type { Pipeline } from '../pipeline.ts';
import type { HandlerTools } from './handler-tools.ts';
import { readRequest, toResponse } from './re-encrypt.ts';
import type { Envelope } from './read-call.ts';
import { isExact } from './read-context.ts';

/** One of many calls that came together: in a batch or on a stream. */
export interface Item {
  /** The caller's own name for it, which comes back with the result. */
  readonly reference: string;
  readonly request: ReEncryptRequest__Output | null;
}

/** Never rejects: a refusal is the item's result. The item must not outlive `whole`, its batch or stream. */
export type PerformItem = (item: Item, whole: Envelope) => Promise<BatchReEncryptResult>;

const MOST_CHARACTERS = 256;

/** Each item is a call of its own, with a decision id, log entries and limits; all share a `job`. */
export function createPerformItem(pipeline: Pipeline, tools: HandlerTools): PerformItem {
  return async ({ reference, request }, whole) => {
    const id = tools.newId();
    try {
      refuseEarly(reference, whole.signal);
      const envelope = { ...whole, id, job: whole.id, receivedAt: tools.now() };
      const released = await pipeline(readRequest(request, envelope, tools));
      return { reference, status: { code: status.OK }, response: toResponse(released) };
    } catch (thrown) {
      const refusal = toRefusal(thrown);
      if (refusal.reason === 'INTERNAL') tools.onInternal(id, refusal.cause);
      return { reference: beginning(reference), status: tools.status.toRpcStatus(refusal, id) };
    }
  };

  function refuseEarly(reference: string, { aborted, reason }: AbortSignal): void {
    const description = wrongReference(reference);
    if (description === '' && !aborted) return;
    const refusal = aborted ? toRefusal(reason) : invalid([{ field: 'reference', description }]);
    tools.turnedAway(refusal);
    throw refusal;
  }
}

/** A longer one would stay in memory until the caller takes the result; V8 makes a mere slice hold on to it. */
function beginning(reference: string): string {
  if (reference.length <= MOST_CHARACTERS) return reference;
  return Buffer.from(reference.slice(0, MOST_CHARACTERS)).toString();
}

function wrongReference(reference: string): string {
  if (reference.length > MOST_CHARACTERS) return `must have at most ${MOST_CHARACTERS} characters`;
  return isExact(reference) ? '' : 'must be valid Unicode, without U+FFFD';
}
