import { Option } from 'commander';
import type { Evaluation } from '../../policy/evaluation.ts';
import { printable } from '../printable.ts';

/** A decision that differs: of which input, whose call it was ('' for a sample), and what is different. */
interface Change {
  readonly arrow: string;
  readonly name: string;
  readonly whose: string;
  readonly what: string;
}

export interface AllOption {
  readonly all?: boolean;
}

export function allOption(): Option {
  return new Option('--all', 'a line for each call, not one for all that changed alike');
}

/**
 * Tells of recorded calls that changed alike once, with the first of them as an example and their number: a day of
 * traffic may have a million. Anything else has a line of its own.
 */
export function createChanges(write: (text: string) => void, { all = false }: AllOption) {
  const alike = new Map<string, { readonly line: string; count: number }>();
  let count = 0;
  return {
    add({ arrow, name, whose, what }: Change) {
      count += 1;
      const parts = [arrow, printable(name), printable(whose), what];
      const line = parts.filter((part) => part !== '').join('  ');
      if (all || whose === '') return write(`${line}\n`);
      const key = JSON.stringify([arrow, whose, what]);
      const kind = alike.get(key);
      if (kind) kind.count += 1;
      else alike.set(key, { line, count: 1 });
    },
    /** Tells of what `add` has kept. @returns how many there were in all */
    end(): number {
      for (const { line, count: calls } of alike.values())
        write(`${line}${calls === 1 ? '' : `, and ${calls - 1} more`}\n`);
      return count;
    },
  };
}

/** Which rule decided, and the codes of its reasons; or why there is no decision. */
export function decidedBy({ rule, reasons, failure }: Evaluation): string {
  const codes = reasons.map(({ code, side }) => (side ? `${side} ${code}` : code)).join(', ');
  return printable(`${rule || failure || 'no rule'}${codes && `: ${codes}`}`);
}
