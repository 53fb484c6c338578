import { Buffer } from 'node:buffer';
import { parentPort } from 'node:worker_threads';
import { readBundle } from '../bundle/bundle.ts';
import { createGeneration, type Generation } from '../generation.ts';
import type { ShadowAnswer, ShadowOrder } from './messages.ts';

/** Its size was judged when it was loaded; this is what gunzip takes at most. */
const MOST_BYTES = 2 ** 30;

let generation: Generation | undefined;

// The candidate runs in a thread of its own: a call waits neither for it nor for its worst case.
parentPort?.on('message', (order: ShadowOrder) => {
  if (order.type === 'bundle') {
    const bundle = readBundle(Buffer.from(order.archive), { maxBytes: MOST_BYTES });
    generation = createGeneration(bundle, order.limits, Date.now());
    return;
  }
  const judged = generation;
  if (!judged) return;
  parentPort?.postMessage(
    order.questions.map(
      ({ id, input, at }): ShadowAnswer => ({
        id,
        revision: judged.bundle.revision,
        evaluation: judged.judge(input, at),
      }),
    ),
  );
});
