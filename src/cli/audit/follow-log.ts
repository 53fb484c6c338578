import { setTimeout } from 'node:timers/promises';
import { readCheckpoint } from '../../audit/log/checkpoint.ts';
import type { Checkpoint } from '../../audit/log/note.ts';
import { parseVkey } from '../../audit/log/note.ts';
import type { LogFiles } from '../../audit/verify/collect.ts';
import { createFollower } from '../../audit/verify/follow.ts';
import { createWalk } from '../../audit/verify/walk.ts';
import type { Terminal } from '../command.ts';
import { CommandFailure } from '../program.ts';
import { disk, TAMPERED, UNREADABLE } from './log-path.ts';

const POLL_MS = 1_000;

/**
 * Verifies what is added to a log, checkpoint by checkpoint: what is signed for was durable before
 * and is never taken back. Ends only when something is wrong.
 */
export async function followLog(logs: readonly LogFiles[], terminal: Terminal): Promise<void> {
  const [log] = logs;
  const head = log?.segments[0]?.head;
  if (!log || !head || logs.length > 1) {
    throw new CommandFailure('--follow takes one log', UNREADABLE);
  }
  const keys = log.segments.flatMap((segment) =>
    segment.head ? [parseVkey(segment.head.vkey)] : [],
  );
  const follower = createFollower(disk, log.path, head.chain.seq);
  const claims: Checkpoint[] = [];
  const walk = createWalk({ start: head.chain, claims, keys });
  for (;;) {
    const checkpoint = readCheckpoint(disk, log.path);
    if (checkpoint && checkpoint.size > follower.seq()) {
      walk.expect(checkpoint);
      for (const line of follower.read(checkpoint.size)) walk.take(line);
      const problem = walk.finish();
      if (problem) throw new CommandFailure(`seq ${problem.seq}: ${problem.why}`, TAMPERED);
      terminal.stdout.write(
        `${new Date().toISOString()} intact through seq ${walk.signed() - 1}\n`,
      );
    }
    await setTimeout(POLL_MS);
  }
}
