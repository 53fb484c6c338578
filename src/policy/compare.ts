import type { Evaluation } from './evaluation.ts';

/** How what a candidate decides differs from what was decided; both as they are in effect. */
export type Comparison = 'same' | 'allow_to_deny' | 'deny_to_allow' | 'reasons' | 'failed';

/** `failed`: the candidate gave no usable decision where the serving bundle gave one. */
export function compareDecisions(served: Evaluation, candidate: Evaluation): Comparison {
  if (candidate.failure !== '' && served.failure === '') return 'failed';
  if (served.effect !== candidate.effect) {
    return served.effect === 'allow' ? 'allow_to_deny' : 'deny_to_allow';
  }
  return outline(served) === outline(candidate) ? 'same' : 'reasons';
}

/** What counts as the same answer: messages may be reworded, but codes, sides and rules must match. */
function outline({ failure, reasons, rule }: Evaluation): string {
  const codes = reasons.map(({ code, side }) => `${code} ${side}`).sort();
  return JSON.stringify([failure, codes, rule]);
}
