import type { Command } from 'commander';
import type { Checkpoint } from '../../audit/log/note.ts';
import type { VerifierKey } from '../../audit/log/vkey.ts';
import type { LogFiles } from '../../audit/verify/collect.ts';
import { type Verdict, verifyLog } from '../../audit/verify/verify.ts';
import { CommandFailure, type Terminal } from '../command.ts';
import { examples } from '../examples.ts';
import { gather } from '../gather.ts';
import { createProgress } from '../progress.ts';
import { checkpointIn, contentOf, keyOf } from './arguments.ts';
import { conclude } from './conclude.ts';
import { disk } from './disk.ts';
import { UNREADABLE } from './exit-codes.ts';
import { followLog } from './follow-log.ts';
import { completed, logsOf } from './named-logs.ts';
import { type Verified, writeJson, writeVerdict } from './show-verdict.ts';

interface Options {
  readonly origins?: string;
  readonly checkpoint?: readonly string[];
  readonly vkey?: readonly string[];
  readonly follow?: boolean;
  readonly json?: boolean;
}

export function defineVerify(command: Command, terminal: Terminal): void {
  command
    .command('verify')
    .description('Check that no entry of a log was changed, added, dropped or moved.')
    .argument('[paths...]', 'live log files, closed segments or folders of logs')
    .option('--origins <file>', 'origins that must be among the logs, one per line')
    .option('--checkpoint <file>', 'a checkpoint kept elsewhere; repeatable', gather)
    .option('--vkey <key>', 'verifier key to trust, or a file with one; repeatable', gather)
    .option('--follow', 'go on verifying what is signed for, until SIGINT')
    .option('--json', 'print the verdicts as JSON')
    .addHelpText(
      'after',
      examples(
        'audit verify a.jsonl --vkey k.vkey --checkpoint last.note',
        'audit verify pod-a/ pod-b/ --origins fleet.txt --json',
        'audit verify audit.jsonl --vkey proxy.vkey --follow',
      ),
    )
    .action(async (paths: readonly string[], options: Options) => {
      const logs = completed(logsOf(paths, terminal));
      const keys = (options.vkey ?? []).map(keyOf);
      const kept = (options.checkpoint ?? []).map((path) => ({ path, ...checkpointIn(path) }));
      const verdicts = logs.map((log) => verifyOne({ log, keys, kept, terminal }));
      const lost = missingOrigins(verdicts, kept, options);
      const loose = uncompared(verdicts, kept);
      if (options.json) writeJson(verdicts, lost, terminal);
      else for (const verified of verdicts) writeVerdict(verified, keys, terminal);
      conclude(verdicts, lost, options);
      if (loose !== '') throw new CommandFailure(loose, UNREADABLE);
      if (options.follow) await followLog(logs, keys, terminal);
    });
}

/** A checkpoint that --checkpoint names. Each is read once, because it may be a pipe. */
type Kept = Checkpoint & { readonly path: string };

interface One {
  readonly log: LogFiles;
  readonly keys: readonly VerifierKey[];
  readonly kept: readonly Kept[];
  readonly terminal: Terminal;
}

function verifyOne({ log, keys, kept, terminal }: One): Verified {
  const total = log.segments.reduce((sum, segment) => sum + segment.bytes, 0);
  const progress = createProgress(terminal, total);
  const checkpoints = kept.filter(({ origin }) => isOf(log, origin));
  try {
    const { show: onProgress } = progress;
    return { log, verdict: verifyLog(log, { disk, checkpoints, keys, onProgress }) };
  } finally {
    progress.clear();
  }
}

/** With many logs, each checkpoint is compared with the log whose origin it names. */
function isOf({ segments }: LogFiles, origin: string): boolean {
  return segments.some(({ head }) => head === undefined || head.origin === origin);
}

/** A checkpoint whose log is not here was compared with nothing, which must not count as intact. */
function missingOrigins(
  verdicts: readonly Verified[],
  kept: readonly Kept[],
  options: Options,
): readonly string[] {
  const found = new Set(verdicts.flatMap(({ verdict }) => foundIn(verdict, options)));
  const expected = new Set([...expectedOrigins(options), ...kept.map(({ origin }) => origin)]);
  return [...expected].filter((origin) => !found.has(origin));
}

/** Any log may claim another's origin; with keys given, only origins with a signed checkpoint count. */
function foundIn({ state, origins, vouched }: Verdict, { vkey }: Options): readonly string[] {
  return vkey && state !== 'unsigned' ? vouched : origins;
}

/** Nor was one compared with anything that covers only entries already deleted, or more than a closed segment. */
function uncompared(verdicts: readonly Verified[], kept: readonly Kept[]): string {
  for (const { log, verdict } of verdicts) {
    const { firstSeq, size: end } = verdict;
    const ours = kept.filter(({ origin }) => isOf(log, origin));
    const early = ours.find(({ size }) => size < firstSeq);
    if (early) return `${early.path} is from before seq ${firstSeq}, where ${log.path} begins`;
    const late = log.partial && ours.find(({ size }) => size > end);
    if (late) return `${late.path} covers more than ${log.path}, which ends at seq ${end - 1}`;
  }
  return '';
}

function expectedOrigins({ origins }: Options): readonly string[] {
  if (origins === undefined) return [];
  const named = contentOf(origins)
    .toString()
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (named.length > 0) return named;
  throw new CommandFailure(`--origins: ${origins} names no origin`, UNREADABLE);
}
