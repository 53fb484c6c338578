import type { Builtin } from './builtin.ts';
import { canonical, isArray, isObject, isSet, type Term, type TermSet } from './term.ts';

/** OPA's rules: objects go deep; sets and arrays do not; an array may hold a set in any order. */
export const objectSubset: Builtin = ([superTerm, subTerm]) =>
  superTerm === undefined || subTerm === undefined
    ? undefined
    : (sameKind(superTerm, subTerm) ?? arrayHoldsSet(superTerm, subTerm));

function sameKind(superTerm: Term, subTerm: Term): boolean | undefined {
  if (isObject(superTerm) && isObject(subTerm)) {
    return [...subTerm.entries].every(([key, wanted]) => {
      const found = superTerm.entries.get(key);
      if (found === undefined) return false;
      return canonical(found) === canonical(wanted) || (sameKind(found, wanted) ?? false);
    });
  }
  if (isSet(superTerm) && isSet(subTerm)) return holds(superTerm, subTerm);
  if (isArray(superTerm) && isArray(subTerm)) return holdsRun(superTerm, subTerm);
  return undefined;
}

function holds(all: TermSet, some: TermSet): boolean {
  return [...some.members.keys()].every((member) => all.members.has(member));
}

/** Whether the members of `run` stand in `all` one after the other. */
function holdsRun(all: readonly Term[], run: readonly Term[]): boolean {
  const texts = all.map(canonical);
  const wanted = run.map(canonical);
  for (let start = 0; start + wanted.length <= texts.length; start += 1) {
    if (wanted.every((text, i) => texts[start + i] === text)) return true;
  }
  return false;
}

/** OPA counts matches of members, twice where the array holds one twice. */
function arrayHoldsSet(array: Term, set: Term): boolean | undefined {
  if (!isArray(array) || !isSet(set)) return undefined;
  let unmatched = set.members.size;
  return array.some((item) => {
    if (set.members.has(canonical(item))) unmatched -= 1;
    return unmatched === 0;
  });
}
