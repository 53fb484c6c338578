import { readFileSync } from 'node:fs';
import type { Audit } from '../../src/audit/assemble.ts';
import { Refusal } from '../../src/errors.ts';
import { answered, DENY, intended, judged } from './samples.ts';

/** A small seeded generator (mulberry32), so that a failing trial can be run again. */
export function createRandom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Makes calls that leave a little of each kind of entry. */
export async function fill(audit: Audit, calls: number): Promise<void> {
  for (let number = 0; number < calls; number += 1) {
    if (number % 4 === 3) {
      await audit.terminal(judged(number, { decision: DENY }), new Refusal('POLICY_DENIED'));
    } else {
      await audit.intent(intended(number));
      await audit.terminal(answered(number));
    }
  }
}

/** Where each line starts, and the end of the last. */
export function linesOf(path: string): {
  readonly bytes: Buffer;
  readonly starts: readonly number[];
} {
  return toLines(readFileSync(path));
}

export function toLines(bytes: Buffer) {
  const starts = [0];
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) starts.push(at + 1);
  return { bytes, starts };
}

type Mutation = 'bit' | 'drop' | 'swap' | 'double' | 'cut';
export const MUTATIONS: readonly Mutation[] = ['bit', 'drop', 'swap', 'double', 'cut'];

/** Damages a log; returns its bytes and the seq that the verifier must name. */
export function mutate(
  { bytes, starts }: ReturnType<typeof linesOf>,
  how: Mutation,
  random: (below: number) => number,
): { readonly damaged: Buffer; readonly seq: number } {
  const count = starts.length - 1;
  const line = (seq: number) => bytes.subarray(starts[seq]!, starts[seq + 1]!);
  const all = Array.from({ length: count }, (_, seq) => line(seq));
  const seq = random(count);
  if (how === 'bit') {
    const damaged = Buffer.from(bytes);
    const at = starts[seq]! + random(line(seq).length);
    damaged[at]! ^= 1 << random(8);
    return { damaged, seq };
  }
  if (how === 'drop') return { damaged: Buffer.concat(all.toSpliced(seq, 1)), seq };
  if (how === 'cut') return { damaged: Buffer.concat(all.slice(0, seq)), seq };
  if (how === 'double') {
    return { damaged: Buffer.concat(all.toSpliced(seq, 0, line(seq))), seq: seq + 1 };
  }
  const first = Math.min(seq, count - 2);
  const other = first + 1 + random(count - first - 1);
  const swapped = all.with(first, line(other)).with(other, line(first));
  return { damaged: Buffer.concat(swapped), seq: first };
}
