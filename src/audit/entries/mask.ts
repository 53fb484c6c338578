import { Refusal } from '../../errors.ts';
import type { Json } from '../../json/canonical.ts';
import { type MaskRule, toMaskRules } from '../../mask-rules.ts';
import { type Body, fromBody, idOf, markOf, toBody, toPieces } from './body.ts';
import type { Entries } from './entry.ts';

/**
 * Evaluates `data.system.log.mask` with an entry as its input, as OPA does: the answer is a list of
 * `"/input/…"` (remove) and `{op: "remove" | "upsert", path, value}`. Undefined means no rules.
 */
export type EvaluateMask = (entry: Readonly<Record<string, Json>>) => unknown;

type Entry = Record<string, Json>;

interface MaskOptions {
  readonly evaluate: EvaluateMask;
  /** False while the policy has no mask: entries then need not be parsed for it. */
  readonly active: () => boolean;
  /** Called with the reason when the mask failed, and an entry lost all that a mask can remove. */
  readonly onFailure: (cause: unknown) => void;
}

/** Lets the policy remove more from entries. It never sees what redaction removed, so cannot put it back. */
export function maskEntries(entries: Entries, options: MaskOptions): Entries {
  const { evaluate, active, onFailure } = options;
  return {
    intent(progress) {
      const { body, failed } = masked(entries.intent(progress));
      // A call that cannot be recorded as the policy demands is not made.
      if (failed) throw new Refusal('AUDIT_UNAVAILABLE', { cause: 'the mask failed' });
      return body;
    },
    terminal: (progress, refusal) => masked(entries.terminal(progress, refusal)).body,
  };

  function masked(body: Body): { readonly body: Body; readonly failed: boolean } {
    if (!active()) return { body, failed: false };
    const entry = fromBody(body);
    try {
      const changed = applyMask(entry, evaluate(structuredClone(entry)));
      return { body: changed ? rebuilt(body, changed) : body, failed: false };
    } catch (thrown) {
      onFailure(thrown);
      return { body: rebuilt(body, blank(entry)), failed: true };
    }
  }
}

function rebuilt(body: Body, entry: Entry): Body {
  const mark = markOf(body);
  return toBody(mark, idOf(body), toPieces(entry));
}

/** Nobody knows what the mask would have removed, so everything that it can reach is removed. */
function blank({ input: _, result: __, ...entry }: Entry): Entry {
  return { ...entry, erased: ['/input', '/result'], error: 'MASK_FAILED' };
}

/** The entry with the rules applied; undefined where no rule applies. @throws Error on a malformed rule */
export function applyMask(entry: Entry, answer: unknown): Entry | undefined {
  const changed = structuredClone(entry);
  const erased: string[] = [];
  const masked: string[] = [];
  for (const rule of toMaskRules(answer)) {
    if (!apply(changed, rule)) continue;
    (rule.op === 'remove' ? erased : masked).push(`/${rule.path.join('/')}`);
  }
  if (erased.length + masked.length === 0) return;
  if (erased.length > 0) changed['erased'] = erased.sort();
  if (masked.length > 0) changed['masked'] = masked.sort();
  return changed;
}

/** False if there is nothing at the path, which is not an error. */
function apply(entry: Entry, { op, path, value }: MaskRule): boolean {
  const parent = path.slice(0, -1).reduce<Json | undefined>(step, entry);
  const name = path.at(-1) ?? '';
  if (typeof parent !== 'object' || parent === null || !Object.hasOwn(parent, name)) return false;
  if (op === 'upsert') Object.assign(parent, { [name]: value });
  else if (Array.isArray(parent)) parent.splice(Number(name), 1);
  else Reflect.deleteProperty(parent, name);
  return true;
}

function step(parent: Json | undefined, name: string): Json | undefined {
  if (typeof parent !== 'object' || parent === null || !Object.hasOwn(parent, name)) return;
  return (parent as Record<string, Json>)[name];
}
