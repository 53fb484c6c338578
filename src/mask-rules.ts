import type { Json } from './json/canonical.ts';

/** What an audit mask asks to be done to an entry. */
export interface MaskRule {
  readonly op: 'remove' | 'upsert';
  readonly path: readonly string[];
  readonly value: Json;
}

/** The answer of a policy's mask as rules; undefined means none. @throws Error on a malformed one */
export function toMaskRules(answer: unknown): readonly MaskRule[] {
  if (answer === undefined) return [];
  if (!Array.isArray(answer)) throw new Error('the mask is not a list of rules');
  return answer.map(toRule);
}

function toRule(given: unknown): MaskRule {
  if (typeof given === 'string') return { op: 'remove', path: toPath(given), value: null };
  const {
    op,
    path,
    value = null,
  } = (given ?? {}) as { op?: unknown; path?: unknown; value?: Json };
  if ((op !== 'remove' && op !== 'upsert') || typeof path !== 'string') {
    throw new Error('a mask rule is neither a path nor {op, path, value}');
  }
  return { op, path: toPath(path), value };
}

/** Only the policy's input and result may be masked: who got which answer stays. */
function toPath(pointer: string): readonly string[] {
  const path = pointer.split('/').slice(1);
  if (pointer.startsWith('/') && (path[0] === 'input' || path[0] === 'result')) return path;
  throw new Error(`a mask rule names '${pointer}', which is not under /input or /result`);
}
