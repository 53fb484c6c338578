import { toVkey, type VerifierKey } from '../../audit/log/vkey.ts';
import type { LogFiles } from '../../audit/verify/collect.ts';
import type { Verdict } from '../../audit/verify/verify.ts';
import type { Terminal } from '../command.ts';
import { printable, printableJsonLines } from '../printable.ts';

export interface Verified {
  readonly log: LogFiles;
  readonly verdict: Verdict;
}

/** Origins and keys come from the log itself, which anybody may have written. */
export function writeVerdict(
  { log, verdict }: Verified,
  keys: readonly VerifierKey[],
  { stdout }: Terminal,
): void {
  const { state, firstSeq, size, signed, segments, origins, vkeys, root, bytes } = verdict;
  const range = size > firstSeq ? `${firstSeq} to ${size - 1}` : 'none';
  const lines = [
    `${printable(log.path)}: ${state}`,
    `  entries     ${range} in ${segments} ${segments === 1 ? 'segment' : 'segments'}, ${bytes} bytes`,
    `  signed for  ${signed} (${Math.max(0, size - Math.max(signed, firstSeq))} since then are chained only)`,
    `  root        ${root}`,
    `  origin      ${origins.map(printable).join(', ')}`,
    `  keys        ${vkeys.map(toWhose(keys)).join(', ')}`,
  ];
  if (firstSeq > 0) lines.push(`  before      entries 0 to ${firstSeq - 1} are not here`);
  if (verdict.broken.length > 0) {
    const where = `seq ${verdict.broken.join(', ')}`;
    lines.push(`  broken      a start was told to go on after what does not hold: ${where}`);
  }
  if (verdict.tornBytes > 0)
    lines.push(`  torn        ${verdict.tornBytes} bytes of an unfinished line`);
  if (verdict.abandonedBytes > 0) {
    lines.push(`  abandoned   ${verdict.abandonedBytes} bytes that were never acknowledged`);
  }
  stdout.write(`${lines.join('\n')}\n`);
}

/** A log may name any key; only the person who verifies can say which to trust. */
function toWhose(keys: readonly VerifierKey[]): (vkey: string) => string {
  const given = new Set(keys.map(({ name, key }) => toVkey(name, key)));
  const other =
    given.size > 0 ? 'named by the log, not given' : 'named by the log itself; pin it with --vkey';
  return (vkey) => `${printable(vkey)} (${given.has(vkey) ? 'given' : other})`;
}

export function writeJson(
  verdicts: readonly Verified[],
  missing: readonly string[],
  { stdout }: Terminal,
): void {
  const logs = verdicts.map(toJson);
  const json = JSON.stringify({ logs, missing_origins: missing }, null, 2);
  stdout.write(`${printableJsonLines(json)}\n`);
}

/** Spelled as in the log. */
function toJson({ log, verdict }: Verified) {
  const { firstSeq: first_seq, tornBytes: torn_bytes, abandonedBytes, ...rest } = verdict;
  return { file: log.path, ...rest, first_seq, torn_bytes, abandoned_bytes: abandonedBytes };
}
