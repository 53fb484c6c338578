import { Buffer } from 'node:buffer';
import { parentPort, workerData } from 'node:worker_threads';
import { readBundle } from '../bundle/bundle.ts';
import { createGeneration, type Generation } from '../generation.ts';
import type { Ending, ShadowAnswer, ShadowOrder, ShadowQuestion } from './messages.ts';

/** Its size was judged when it was loaded; this is what gunzip takes at most. */
const MOST_BYTES = 2 ** 30;

const ending: Ending = workerData;
let generation: Generation | undefined;

// The candidate runs in a thread of its own: a call waits neither for it nor for its worst case.
parentPort?.on('message', (order: ShadowOrder) => {
  if (order.type === 'end') return parentPort?.close();
  if (order.type === 'bundle') {
    const bundle = readBundle(Buffer.from(order.archive), { maxBytes: MOST_BYTES });
    generation = createGeneration(bundle, order.limits, Date.now());
  } else if (generation) {
    parentPort?.postMessage(answers(generation, order.questions));
  }
});

function answers(by: Generation, questions: readonly ShadowQuestion[]): readonly ShadowAnswer[] {
  const given: ShadowAnswer[] = [];
  for (const { id, input, at } of questions) {
    if (Atomics.load(ending, 0) === 1) break;
    given.push({ id, revision: by.bundle.revision, evaluation: by.judge(input, at) });
  }
  return given;
}
