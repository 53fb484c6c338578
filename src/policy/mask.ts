import type { Engine } from './engine/engine.ts';
import { resultOf } from './engine/result.ts';

/** The mask goes into a log entry, whose line must stay short enough to be read back. */
const MOST_CHARACTERS = 65_536;

/**
 * What the audit mask of a bundle answers for an entry, given as JSON text, within the limits of a decision.
 * @throws EngineFault, or Error when the answer is longer than a mask may be
 */
export function askMask(engine: Engine, entrypoint: number, entry: string): unknown {
  const answer = engine.evaluate({ entrypoint, input: entry, context: { nowNs: 0n } });
  if (answer.length <= MOST_CHARACTERS) return resultOf(answer);
  throw new Error(`the mask is longer than ${MOST_CHARACTERS} characters`);
}
