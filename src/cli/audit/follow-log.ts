import { basename } from 'node:path';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { type Checkpoint, whyUnsigned } from '../../audit/log/note.ts';
import { lookForCheckpoint } from '../../audit/log/read-checkpoint.ts';
import type { VerifierKey } from '../../audit/log/vkey.ts';
import type { LogFiles } from '../../audit/verify/collect.ts';
import { createFollower } from '../../audit/verify/follow.ts';
import { keysNamedBy } from '../../audit/verify/verify.ts';
import { createWalk } from '../../audit/verify/walk.ts';
import { checkpointOf } from '../../files/segment-names.ts';
import { CommandFailure, type Terminal } from '../command.ts';
import { disk } from './disk.ts';
import { TAMPERED, UNREADABLE } from './exit-codes.ts';
import { stopUnread } from './reader-gone.ts';

const POLL_MS = 1_000;

/**
 * Verifies what is added to a log, checkpoint by checkpoint: what is signed for was durable before
 * and is never taken back. Ends where something is wrong, or when it is interrupted or nobody reads
 * any more, which is not a failure.
 * @param trusted keys that may sign; where there are none, those that the log named at first
 */
export async function followLog(
  logs: readonly LogFiles[],
  trusted: readonly VerifierKey[],
  terminal: Pick<Terminal, 'stdout'>,
): Promise<void> {
  const follow = startFollowing(logs, trusted);
  const { signal, dispose } = catchInterrupt(terminal);
  try {
    while (!signal.aborted) {
      const through = follow.look();
      if (through !== undefined) {
        terminal.stdout.write(`${new Date().toISOString()} intact through seq ${through}\n`);
      }
      await setTimeout(POLL_MS, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    dispose();
    follow.close();
  }
}

/** `look` verifies what a new checkpoint covers, and returns the last seq that is now signed for. */
function startFollowing(logs: readonly LogFiles[], trusted: readonly VerifierKey[]) {
  const [log] = logs;
  const head = log?.segments[0]?.head;
  if (!log || !head || logs.length > 1) {
    throw new CommandFailure('--follow takes one log', UNREADABLE);
  }
  const keys = trusted.length > 0 ? trusted : keysNamedBy(log);
  const follower = createFollower(disk, log.path, head.chain.seq);
  const walk = createWalk({ start: head.chain, claims: [], keys });
  let newest: Checkpoint | undefined;
  return {
    look(): number | undefined {
      const checkpoint = checkpointNow(log, walk.signed());
      refuseRollback(newest, checkpoint);
      if (follower.cut()) tampered(walk.signed(), 'the file is shorter than it was');
      if (!checkpoint || checkpoint.size <= follower.seq()) return;
      const unsigned = whyUnsigned(checkpoint, keys);
      if (unsigned !== '') tampered(walk.signed(), `the checkpoint ${unsigned}`);
      newest = checkpoint;
      walk.expect(checkpoint);
      for (const line of follower.read(checkpoint.size)) walk.take(line);
      if (follower.missed() > 0) {
        throw new CommandFailure('entries were deleted before they were read', UNREADABLE);
      }
      const problem = walk.finish();
      if (problem) tampered(problem.seq, problem.why);
      return walk.signed() - 1;
    },
    close: () => follower.close(),
  };
}

function checkpointNow({ path }: LogFiles, signed: number): Checkpoint | undefined {
  const { checkpoint, damage } = lookForCheckpoint(disk, path);
  if (damage !== '') tampered(signed, `${checkpointOf(basename(path))}: ${damage}`);
  return checkpoint;
}

/** A log only grows: a checkpoint over less, or over other entries, is another log's. */
function refuseRollback(before: Checkpoint | undefined, now: Checkpoint | undefined): void {
  if (!before) return;
  if (!now) tampered(before.size, 'the checkpoint is gone');
  if (now.size < before.size) {
    tampered(now.size, `the checkpoint covers ${now.size} entries, and covered ${before.size}`);
  }
  if (now.size === before.size && !now.root.equals(before.root)) {
    tampered(now.size - 1, 'the checkpoint covers other entries than before');
  }
}

function tampered(seq: number, why: string): never {
  throw new CommandFailure(`seq ${seq}: ${why}`, TAMPERED);
}

function catchInterrupt(terminal: Pick<Terminal, 'stdout'>) {
  const controller = new AbortController();
  const abort = () => controller.abort();
  process.once('SIGINT', abort).once('SIGTERM', abort);
  const forget = stopUnread(controller, terminal);
  return {
    signal: controller.signal,
    dispose() {
      process.off('SIGINT', abort).off('SIGTERM', abort);
      forget();
    },
  };
}
