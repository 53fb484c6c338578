import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { expect } from 'vitest';
import type { Verdict } from '../../../src/audit/verify/verify.ts';
import { createFolder, verify } from '../../audit/world.ts';
import {
  lostOf,
  type Recorded,
  readRecorded,
  startWriter,
  type Writer,
  type WriterPlan,
} from './process.ts';

/** CI must have strace; elsewhere, tests are skipped without the right to trace. */
export const mustTrace =
  process.env['CI'] === 'true' ||
  spawnSync('strace', ['-f', '--seccomp-bpf', '-o', '/dev/null', 'true']).status === 0;

/** A system call of the log, and which of its occurrences fail. */
export interface Call {
  /** As strace names it, on every architecture. */
  readonly set: string;
  readonly when: string;
  /** What has to go wrong first for the log to make this call. */
  readonly first?: string;
  /** Traced on all files, not only on the live one. */
  readonly anywhere?: true;
  /** Made when closed segments are deleted: what they held is no loss. */
  readonly retains?: true;
  /** Made only with `audit.durability: write`. */
  readonly unwaited?: true;
}

interface Trial extends Pick<WriterPlan, 'inFlight' | 'ms' | 'quiet' | 'options'> {
  readonly call: Call;
  /** As strace spells it. */
  readonly fault: string;
}

interface Injected {
  readonly writer: Writer;
  /** How often the call was really made to fail. */
  readonly injections: number;
  readonly verdict: Verdict;
  readonly recorded: Recorded;
}

/** Runs a writer under strace, which makes the call fail; returns what became of it and of the log. */
export async function injected(
  { call, fault, ...plan }: Trial,
  before: readonly string[] = [],
): Promise<Injected> {
  await using folder = createFolder();
  const { file, path } = folder;
  const trace = `${path}/strace`;
  const { set, when, first, anywhere } = call;
  const under = [
    ...before,
    ...['strace', '-f', '--seccomp-bpf', '-q', '-o', trace],
    ...(anywhere ? [] : ['-P', file]),
    ...(first ? ['-e', `inject=${first}`] : []),
    ...['-e', `trace=${first ? `write,${set}` : set}`, '-e', `inject=${set}:${fault}:when=${when}`],
  ];
  const writer = startWriter({ file, inFlight: 8, pauseMs: 2, under, ...plan });
  await writer.ended();
  const seen = existsSync(trace) ? readFileSync(trace, 'utf8') : '';
  const injections = seen
    .split('\n')
    .filter((line) => /INJECTED|DELAYED/.test(line) && !(first && / write\(/.test(line))).length;
  return { writer, injections, verdict: verify(file), recorded: readRecorded(file) };
}

/** Whatever failed, the chain is intact and has each acknowledged entry once. */
export function expectHeld(
  { writer, verdict, recorded }: Injected,
  what: string,
  { retains }: Pick<Call, 'retains'> = {},
): void {
  expect(verdict.problem, what).toBeUndefined();
  if (!retains) expect(lostOf(writer, recorded), what).toBe(0);
  expect(recorded.twice, what).toBe(0);
}

export function expectWell({ said, stderr }: Writer, what: string): void {
  expect(said.get('state'), `${what}: ${stderr()}`).toBe('ok');
}
