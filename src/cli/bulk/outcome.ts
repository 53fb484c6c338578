import type { Tally } from '../../bulk/job.ts';
import { printable } from '../printable.ts';

/** How a job that was completed ended. */
export function outcomeOf({ items, released, refused, before }: Tally): string {
  const earlier = before === 0 ? '' : ` (${before} by an earlier run)`;
  return `${items} items${earlier}: ${released} re-encrypted, ${refused} refused`;
}

/** How far a job is. */
export function soFar({ items, refused }: Tally): string {
  return `${items} items, ${refused} refused`;
}

/** Why items were refused, the most frequent reason first. */
export function refusalsIn(results: string, { items, refused, reasons }: Tally): string {
  const sorted = Object.entries(reasons).sort(([, a], [, b]) => b - a);
  const why = sorted.map(([reason, count]) => `${count} ${reason}`).join(', ');
  return printable(`${refused} of ${items} items were refused, as ${results} says: ${why}`);
}
