import { keepLast } from '../caches/keep-last.ts';
import type { Engine } from './engine/engine.ts';
import { EngineFault } from './engine/fault.ts';
import type { Input } from './engine/frame.ts';
import type { Program } from './engine/program.ts';
import { ENTRYPOINT } from './entrypoints.ts';
import { type Evaluation, failed, toEvaluation } from './evaluation.ts';

/**
 * Judges an input, JSON text or framed, at a moment in milliseconds since the Unix epoch, which is the policy's
 * `time.now_ns`. Never throws: an error becomes a denial that carries its failure.
 */
export type Judge = (input: string | Input, at: number) => Evaluation;

const NS_PER_MS = 1_000_000n;

/** @param program that of the engine; `prove` has made sure that it has the decision's entrypoint */
export function createJudge(engine: Engine, { entrypoints }: Program): Judge {
  const { [ENTRYPOINT]: entrypoint = -1 } = entrypoints;
  // Most calls get exactly the same answer, so it is parsed only once.
  const evaluationOf = keepLast(toEvaluation);
  return (input, at) => {
    try {
      const context = { nowNs: BigInt(at) * NS_PER_MS };
      return evaluationOf(engine.evaluate({ entrypoint, input, context }));
    } catch (thrown) {
      return toFailure(thrown);
    }
  };
}

function toFailure(thrown: unknown): Evaluation {
  if (!(thrown instanceof EngineFault)) {
    return failed('POLICY_INVALID', 'shape', 'the decision is not JSON');
  }
  const { kind, message } = thrown;
  if (kind === 'fuel') return failed('POLICY_TIMEOUT', kind, `${message} for policy.timeout_ms`);
  if (kind !== 'memory') return failed('POLICY_FAILED', kind, message);
  return failed('POLICY_FAILED', kind, 'the policy takes more memory than policy.memory_mib');
}
