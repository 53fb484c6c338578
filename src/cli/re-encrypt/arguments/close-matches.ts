const ALIKE_ENOUGH = 0.8;
const MOST = 3;

/** The known words most like an unknown one, best first, as Python's difflib ranks them. */
export function closeMatches(word: string, words: readonly string[]): readonly string[] {
  return words
    .map((candidate) => ({ candidate, alike: likeness(candidate, word) }))
    .filter(({ alike }) => alike >= ALIKE_ENOUGH)
    .sort((a, b) => b.alike - a.alike || (a.candidate < b.candidate ? 1 : -1))
    .slice(0, MOST)
    .map(({ candidate }) => candidate);
}

/** Ratcliff–Obershelp: twice the matching characters over all characters. */
function likeness(a: string, b: string): number {
  const total = a.length + b.length;
  return total === 0 ? 1 : (2 * matching(a, b)) / total;
}

function matching(a: string, b: string): number {
  const { startA, startB, length } = longestCommon(a, b);
  if (length === 0) return 0;
  const before = matching(a.slice(0, startA), b.slice(0, startB));
  const after = matching(a.slice(startA + length), b.slice(startB + length));
  return before + length + after;
}

function longestCommon(a: string, b: string) {
  let best = { startA: 0, startB: 0, length: 0 };
  for (let startA = 0; startA < a.length; startA += 1) {
    for (let startB = 0; startB < b.length; startB += 1) {
      let length = 0;
      while (startA + length < a.length && a[startA + length] === b[startB + length]) length += 1;
      if (length > best.length) best = { startA, startB, length };
    }
  }
  return best;
}
