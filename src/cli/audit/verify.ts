import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { toVkey } from '../../audit/log/note.ts';
import { type LogFiles, unreadSegments } from '../../audit/verify/collect.ts';
import { type Verdict, verifyLog } from '../../audit/verify/verify.ts';
import type { Terminal } from '../command.ts';
import { CommandFailure } from '../program.ts';
import { createProgress } from '../progress.ts';
import { followLog } from './follow-log.ts';
import {
  checkpointOf,
  disk,
  gather,
  keyOf,
  logsOf,
  TAMPERED,
  TORN,
  UNREADABLE,
} from './log-path.ts';

/** Less is verified within a second. */
const WORTH_SHOWING_BYTES = 64 << 20;

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
    .option('--origins <file>', 'origins that must be among the logs, one a line')
    .option('--checkpoint <file>', 'a checkpoint kept elsewhere; repeatable', gather)
    .option('--vkey <key>', 'verifier key to trust, or a file with one; repeatable', gather)
    .option('--follow', 'go on verifying what is signed for, until SIGINT')
    .option('--json', 'print the verdicts as JSON')
    .action(async (paths: readonly string[], options: Options) => {
      const logs = logsOf(paths, terminal);
      const verdicts = logs.map((log) => ({ log, verdict: verifyOne(log, options, terminal) }));
      const lost = missingOrigins(verdicts, options);
      const early = tooEarly(verdicts, options);
      if (options.json) writeJson(verdicts, lost, terminal);
      else for (const { log, verdict } of verdicts) writeVerdict(log, verdict, options, terminal);
      conclude(verdicts, lost);
      if (early !== '') throw new CommandFailure(early, UNREADABLE);
      if (options.follow) await followLog(logs, keysOf(options), terminal);
    });
}

function verifyOne(log: LogFiles, options: Options, terminal: Terminal): Verdict {
  const total = log.segments.reduce((sum, segment) => sum + segment.bytes, 0);
  const progress = createProgress(terminal, { total, worthShowing: WORTH_SHOWING_BYTES });
  const checkpoints = (options.checkpoint ?? []).map(checkpointOf);
  const own = checkpoints.filter(({ origin }) => isOf(log, origin));
  try {
    const keys = keysOf(options);
    return verifyLog(log, { disk, checkpoints: own, keys, onProgress: progress.show });
  } finally {
    progress.clear();
  }
}

const keysOf = ({ vkey = [] }: Options) => vkey.map(keyOf);

/** With many logs, each checkpoint is held against the log whose origin it names. */
function isOf({ segments }: LogFiles, origin: string): boolean {
  return segments.some(({ head }) => head === undefined || head.origin === origin);
}

interface Verified {
  readonly log: LogFiles;
  readonly verdict: Verdict;
}

/** A checkpoint whose log is not here was held against nothing, which must not read as intact. */
function missingOrigins(verdicts: readonly Verified[], options: Options): readonly string[] {
  const found = new Set(verdicts.flatMap(({ verdict }) => verdict.origins));
  const signed = (options.checkpoint ?? []).map((file) => checkpointOf(file).origin);
  const expected = new Set([...expectedOrigins(options), ...signed]);
  return [...expected].filter((origin) => !found.has(origin));
}

/** A checkpoint over less than what is gone already was held against nothing either. */
function tooEarly(verdicts: readonly Verified[], { checkpoint = [] }: Options): string {
  for (const { log, verdict } of verdicts) {
    const path = checkpoint.find((file) => {
      const { origin, size } = checkpointOf(file);
      return isOf(log, origin) && size < verdict.firstSeq;
    });
    if (path) return `${path} is from before seq ${verdict.firstSeq}, where ${log.path} begins`;
  }
  return '';
}

function expectedOrigins({ origins }: Options): readonly string[] {
  if (!origins) return [];
  return readFileSync(origins, 'utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

function writeVerdict(log: LogFiles, verdict: Verdict, options: Options, terminal: Terminal): void {
  const { state, firstSeq, size, signed, segments, origins, vkeys, root, bytes } = verdict;
  const range = size > firstSeq ? `${firstSeq} to ${size - 1}` : 'none';
  const lines = [
    `${log.path}: ${state}`,
    `  entries     ${range} in ${segments} ${segments === 1 ? 'segment' : 'segments'}, ${bytes} bytes`,
    `  signed for  ${signed} (${Math.max(0, size - Math.max(signed, firstSeq))} since then are chained only)`,
    `  root        ${root}`,
    `  origin      ${origins.join(', ')}`,
    `  keys        ${vkeys.map(toWhose(options)).join(', ')}`,
  ];
  if (firstSeq > 0) lines.push(`  before      entries 0 to ${firstSeq - 1} are not here`);
  if (verdict.tornBytes > 0)
    lines.push(`  torn        ${verdict.tornBytes} bytes of an unfinished line`);
  if (verdict.abandonedBytes > 0) {
    lines.push(`  abandoned   ${verdict.abandonedBytes} bytes that were never acknowledged`);
  }
  terminal.stdout.write(`${lines.join('\n')}\n`);
}

/** A log may name any key; only who verifies can say which are to be trusted. */
function toWhose(options: Options): (vkey: string) => string {
  const given = new Set(keysOf(options).map(({ name, key }) => toVkey(name, key)));
  const other =
    given.size > 0 ? 'named by the log, not given' : 'named by the log itself; pin it with --vkey';
  return (vkey) => `${vkey} (${given.has(vkey) ? 'given' : other})`;
}

function writeJson(verdicts: readonly Verified[], missing: readonly string[], terminal: Terminal) {
  const logs = verdicts.map(({ log, verdict }) => ({ file: log.path, ...verdict }));
  terminal.stdout.write(`${JSON.stringify({ logs, missing_origins: missing }, null, 2)}\n`);
}

/** What cannot be read counts as missing: nobody may turn "tampered" into "unreadable" by a file's name. */
function hint(log: LogFiles): string {
  const unread = unreadSegments(disk, log);
  return unread.length === 0 ? '' : ` (not read, for packed: ${unread.join(', ')})`;
}

/** The worst verdict is the command's. */
function conclude(verdicts: readonly Verified[], missing: readonly string[]): void {
  for (const { log, verdict } of verdicts) {
    if (!verdict.problem) continue;
    const { file, seq, why } = verdict.problem;
    throw new CommandFailure(`${file}: seq ${seq}: ${why}${hint(log)}`, TAMPERED);
  }
  if (missing.length > 0) {
    throw new CommandFailure(`no log of ${missing.join(', ')}`, TAMPERED);
  }
  const empty = verdicts.find(({ verdict }) => verdict.state === 'empty');
  if (empty) {
    throw new CommandFailure(`${empty.log.path} holds no entry: nothing is verified`, UNREADABLE);
  }
  const torn = verdicts.find(({ verdict }) => verdict.state === 'torn');
  if (torn) {
    const { tornBytes } = torn.verdict;
    throw new CommandFailure(`${torn.log.path}: ${tornBytes} bytes of a line without end`, TORN);
  }
  if (verdicts.length === 0) throw new CommandFailure('there is nothing to verify', UNREADABLE);
}
