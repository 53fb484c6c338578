import { setImmediate as nextTurn } from 'node:timers/promises';
import { SERVICE_NAME } from '../contract/service-names.ts';
import { invalid, Refusal, toRefusal } from '../errors.ts';
import type { BatchReEncryptRequest__Output } from '../gen/kms/reencrypt/v1/BatchReEncryptRequest.ts';
import type { BatchReEncryptResponse } from '../gen/kms/reencrypt/v1/BatchReEncryptResponse.ts';
import type { Stages } from '../stages.ts';
import { createBatchPlaces } from './batch-places.ts';
import type { HandlerTools } from './handler-tools.ts';
import type { Item, PerformItem } from './re-encrypt-item.ts';
import type { Envelope } from './read-call.ts';
import type { UnaryMethod } from './unary.ts';

const METHOD = 'BatchReEncrypt';
export const BATCH_PATH = `/${SERVICE_NAME}/${METHOD}`;

const MOST_ITEMS = 1_000;

/** What gRPC clients accept by default: an answer that the client refuses would be lost work. */
export const MOST_ANSWER_BYTES = 4 * 1024 * 1024;

/** Most bytes that an item's result takes beside its ciphertext and its reference. */
const BYTES_BESIDE = 1_024;

interface BatchParts {
  readonly performItem: PerformItem;
  readonly identify: Stages['identify'];
  /** Items of one batch that are under way at a time. */
  readonly itemsAtOnce: number;
  readonly tools: Pick<HandlerTools, 'turn' | 'turnedAway'>;
}

/** `BatchReEncrypt`: many calls in one message, their results in the order of the items. */
export function batchReEncryptMethod({
  performItem,
  identify,
  itemsAtOnce,
  tools,
}: BatchParts): UnaryMethod<BatchReEncryptRequest__Output, BatchReEncryptResponse> {
  const places = createBatchPlaces();
  return {
    method: METHOD,
    action: 'kms:ReEncrypt',
    async perform({ items }, envelope) {
      const principal = await whoAsks(envelope);
      const leave = enter(items, principal);
      try {
        const results = await inOrder(items, itemsAtOnce, async (item) => {
          const turn = tools.turn(contextBytes(item));
          if (turn !== undefined) await turn;
          return performItem(item, envelope);
        });
        if (isCancelled(envelope.signal)) throw envelope.signal.reason;
        return { results };
      } finally {
        leave();
      }
    },
  };

  /** The items of a caller who cannot be identified are refused one by one. */
  async function whoAsks({ arrival, signal }: Envelope): Promise<string> {
    try {
      const { kind, id } = await identify(arrival, signal);
      return `${kind} ${id}`;
    } catch {
      return '';
    }
  }

  function enter(items: readonly Item[], principal: string): () => void {
    try {
      refuseWrong(items);
      return places.take(principal);
    } catch (thrown) {
      tools.turnedAway(toRefusal(thrown));
      throw thrown;
    }
  }
}

/** A caller that cancelled wants no results. After a deadline it may: the deadline may be our own. */
function isCancelled({ reason }: AbortSignal): boolean {
  return reason instanceof Refusal && reason.reason === 'CANCELLED';
}

function refuseWrong(items: readonly Item[]): void {
  const description = wrongItems(items);
  if (description !== '') throw invalid([{ field: 'items', description }]);
}

function wrongItems(items: readonly Item[]): string {
  if (items.length > MOST_ITEMS) return `must be at most ${MOST_ITEMS}`;
  const bytes = items.reduce((sum, item) => sum + answerBytes(item), 0);
  if (bytes <= MOST_ANSWER_BYTES) return '';
  return `must fit into an answer of ${MOST_ANSWER_BYTES} bytes: each takes its ciphertext, its reference and ${BYTES_BESIDE} more`;
}

function answerBytes({ reference, request }: Item): number {
  return Buffer.byteLength(reference) + (request?.ciphertextBlob.length ?? 0) + BYTES_BESIDE;
}

/** A pair takes 8 bytes of a message at least, and after that as long as it took to decode. */
function contextBytes({ request }: Item): number {
  if (!request) return 0;
  const sides = [request.sourceEncryptionContext, request.destinationEncryptionContext];
  return 8 * sides.reduce((sum, context) => sum + Object.keys(context).length, 0);
}

/** Results in the order of the inputs, of which at most `atOnce` are under way at a time. */
async function inOrder<Input, Output>(
  inputs: readonly Input[],
  atOnce: number,
  act: (input: Input) => Promise<Output>,
): Promise<Output[]> {
  const outputs: Output[] = [];
  const waiting = inputs.entries();
  const work = async () => {
    for (const [index, input] of waiting) {
      outputs[index] = await act(input);
      // A thousand items that are refused at once would hold up all other calls for a tenth of a second.
      await nextTurn();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return outputs;
}
