import { type Evaluation, inEffect } from '../../policy/evaluation.ts';
import type { Generation } from '../../policy/generation.ts';
import type { PolicyInput } from '../../policy/input.ts';

/** What a proxy would do about an input under a bundle, and why. */
export function decisionOn({ judge }: Pick<Generation, 'judge'>, input: PolicyInput): Evaluation {
  return inEffect(judge(JSON.stringify(input), input.time.unix_ms), input);
}
