import { whyUnread } from '../../audit/verify/unread.ts';
import { CommandFailure } from '../command.ts';
import { printable } from '../printable.ts';
import { disk } from './disk.ts';
import { TAMPERED, TORN, UNREADABLE } from './exit-codes.ts';
import type { Verified } from './show-verdict.ts';

/** The worst verdict is the command's. @throws CommandFailure unless all is well */
export function conclude(
  verdicts: readonly Verified[],
  missing: readonly string[],
  { follow = false }: { readonly follow?: boolean },
): void {
  const problems = [
    ...verdicts.flatMap((verified) => problemOf(verified, verdicts)),
    ...(missing.length > 0 ? [`no log of ${missing.join(', ')}`] : []),
  ];
  if (problems.length > 0) throw new CommandFailure(problems.join('\n  '), TAMPERED);
  const empty = verdicts.find(({ verdict }) => verdict.state === 'empty');
  if (empty) {
    throw new CommandFailure(`${empty.log.path} has no entries: nothing is verified`, UNREADABLE);
  }
  // What is followed may be signed for yet, and a torn tail is mended by the next start.
  const unsigned = verdicts.find(({ verdict }) => verdict.state === 'unsigned' && !follow);
  if (unsigned) {
    const sentence = 'nothing in it is signed by a key that was given: nothing is verified';
    throw new CommandFailure(`${unsigned.log.path}: ${sentence}`, UNREADABLE);
  }
  const torn = verdicts.find(({ verdict }) => verdict.state === 'torn' && !follow);
  if (torn) {
    const { tornBytes } = torn.verdict;
    throw new CommandFailure(`${torn.log.path}: ${tornBytes} bytes of a line without end`, TORN);
  }
  if (verdicts.length === 0) throw new CommandFailure('there is nothing to verify', UNREADABLE);
}

function problemOf(verified: Verified, verdicts: readonly Verified[]): readonly string[] {
  const { problem } = verified.verdict;
  if (!problem) return [];
  const { file, seq, why } = problem;
  return [`${file}: seq ${seq}: ${printable(why)}${hint(verified, verdicts)}`];
}

/** Files that cannot be read count as missing: renaming one must not turn "tampered" into "unreadable". */
function hint({ log, verdict }: Verified, verdicts: readonly Verified[]): string {
  const same = verdicts.filter((other) => {
    const shared = other.verdict.origins.some((origin) => verdict.origins.includes(origin));
    return other.log !== log && shared;
  });
  const reasons = [
    ...whyUnread(disk, log),
    ...same.map((other) => `${other.log.path} is of the same origin: put one log in one folder`),
  ];
  return reasons.length === 0 ? '' : ` (${printable(reasons.join('; '))})`;
}
