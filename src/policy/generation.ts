import { type Bundle, type BundleFacts, factsOf } from './bundle/bundle.ts';
import { createEngine } from './engine/engine.ts';
import { MASK_ENTRYPOINT } from './entrypoints.ts';
import { createJudge, type Judge } from './judge.ts';
import { type Limits, toEngineLimits } from './limits.ts';
import { askMask } from './mask.ts';
import type { Proved } from './prove/messages.ts';
import { prove } from './prove/prove.ts';

/** One bundle that is ready to decide. A decision is made by exactly one generation. */
export interface Generation {
  readonly bundle: BundleFacts;
  /** Identifies the generation in a Decision, without keeping it in memory. */
  readonly token: object;
  readonly judge: Judge;
  /**
   * Evaluates the audit mask (`system/log/mask`) for an entry, given as JSON text; undefined if the
   * bundle has none. @throws EngineFault, or Error when the result is longer than a mask may be
   */
  mask(entry: string): unknown;
  /** Whether the bundle has an audit mask. */
  readonly masks: boolean;
}

/** Proves a bundle and makes it ready. @throws BundleFault */
export function createGeneration(bundle: Bundle, limits: Limits): Generation {
  return generationOf({ bundle: factsOf(bundle), program: prove(bundle, limits) }, limits);
}

/** Makes a bundle ready that is already proved. */
export function generationOf({ bundle, program }: Proved, limits: Limits): Generation {
  const engine = createEngine({ program, limits: toEngineLimits(limits) });
  const judge = createJudge(engine, program);
  const { [MASK_ENTRYPOINT]: maskEntrypoint } = program.entrypoints;
  const masks = maskEntrypoint !== undefined;
  return { bundle, token: Object.freeze({}), judge, mask, masks };

  function mask(entry: string): unknown {
    return maskEntrypoint === undefined ? undefined : askMask(engine, maskEntrypoint, entry);
  }
}
