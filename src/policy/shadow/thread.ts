import { parentPort, workerData } from 'node:worker_threads';
import { createEngine } from '../engine/engine.ts';
import { createJudge, type Judge } from '../judge.ts';
import { toEngineLimits } from '../limits.ts';
import type { Ending, ShadowAnswer, ShadowOrder, ShadowQuestion } from './messages.ts';

interface Judging {
  readonly revision: string;
  readonly judge: Judge;
}

const ending: Ending = workerData;
let judging: Judging | undefined;

// The candidate runs in a thread of its own, so that no call waits for it, however slow it is.
parentPort?.on('message', (order: ShadowOrder) => {
  if (order.type === 'end') return parentPort?.close();
  if (order.type === 'candidate') {
    const { revision, program, limits } = order;
    const engine = createEngine({ program, limits: toEngineLimits(limits) });
    judging = { revision, judge: createJudge(engine, program) };
  } else if (judging) {
    parentPort?.postMessage(answers(judging, order.questions));
  }
});

function answers(
  { revision, judge }: Judging,
  questions: readonly ShadowQuestion[],
): readonly ShadowAnswer[] {
  const given: ShadowAnswer[] = [];
  for (const { id, input, at } of questions) {
    if (Atomics.load(ending, 0) === 1) break;
    given.push({ id, revision, evaluation: judge(input, at) });
  }
  return given;
}
