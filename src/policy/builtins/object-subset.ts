import type { Builtin } from './builtin.ts';
import { canonical, isArray, isObject, isSet, type Term, type TermSet } from './term.ts';

/** OPA's rules: objects compare deeply, sets and arrays do not; an array may hold a set in any order. */
export const objectSubset: Builtin = ([superTerm, subTerm]) =>
  superTerm === undefined || subTerm === undefined
    ? undefined
    : (sameKind(superTerm, subTerm) ?? arrayHoldsSet(superTerm, subTerm));

function sameKind(superTerm: Term, subTerm: Term): boolean | undefined {
  if (isObject(superTerm) && isObject(subTerm)) {
    return [...subTerm.entries].every(([key, wanted]) => {
      const found = superTerm.entries.get(key);
      if (found === undefined) return false;
      return sameKind(found, wanted) ?? canonical(found) === canonical(wanted);
    });
  }
  if (isSet(superTerm) && isSet(subTerm)) return holds(superTerm, subTerm);
  if (isArray(superTerm) && isArray(subTerm)) return holdsRun(superTerm, subTerm);
  return undefined;
}

function holds(all: TermSet, some: TermSet): boolean {
  return [...some.members.keys()].every((member) => all.members.has(member));
}

/** Whether `all` contains the members of `run` one after the other: a Knuth-Morris-Pratt search. */
function holdsRun(all: readonly Term[], run: readonly Term[]): boolean {
  const wanted = run.map(canonical);
  const shorter = borders(wanted);
  let matched = 0;
  if (wanted.length === 0) return true;
  return all.map(canonical).some((text) => {
    while (matched > 0 && text !== wanted[matched]) matched = shorter[matched - 1] ?? 0;
    if (text === wanted[matched]) matched += 1;
    return matched === wanted.length;
  });
}

/** For each prefix of a list, the length of the longest shorter prefix that it also ends with. */
function borders(list: readonly string[]): readonly number[] {
  const lengths = [0];
  let length = 0;
  for (let at = 1; at < list.length; at += 1) {
    while (length > 0 && list[at] !== list[length]) length = lengths[length - 1] ?? 0;
    if (list[at] === list[length]) length += 1;
    lengths.push(length);
  }
  return lengths;
}

/** OPA counts matching items: a member that the array holds twice counts twice. */
function arrayHoldsSet(array: Term, set: Term): boolean | undefined {
  if (!isArray(array) || !isSet(set)) return undefined;
  let unmatched = set.members.size;
  return array.some((item) => {
    if (set.members.has(canonical(item))) unmatched -= 1;
    return unmatched === 0;
  });
}
