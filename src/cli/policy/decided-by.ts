import type { Evaluation } from '../../policy/evaluation.ts';
import { printable } from '../printable.ts';

/** Which rule decided, and the codes of its reasons; or why there is no decision. */
export function decidedBy({ rule, reasons, failure }: Evaluation): string {
  const codes = reasons.map(({ code, side }) => (side ? `${side} ${code}` : code)).join(', ');
  return printable(`${rule || failure || 'no rule'}${codes && `: ${codes}`}`);
}
