import type { Command } from 'commander';
import { CommandFailure, type Terminal } from '../command.ts';
import { examples } from '../examples.ts';
import { printable } from '../printable.ts';
import { decidedBy } from './decided-by.ts';
import { decisionOn } from './decision-on.ts';
import { eachDecision, skippedOf } from './entries.ts';
import type { LimitOptions } from './limits.ts';
import { openPolicy } from './open.ts';

/** `policy replay`: how another bundle would decide recorded calls. Exits 1 if any differs or is unknown. */
export function defineReplay(command: Command, terminal: Terminal): void {
  command
    .command('replay <bundle> <entries...>')
    .description(
      'Decide recorded calls again: of audit logs in clear (a live file with all of its log, closed segments, packed by gzip or not, or a folder), or of capture files. Exits 1 where a decision would change, or none can be told.',
    )
    .addHelpText('after', examples('policy replay next.tar.gz audit.jsonl'))
    .action(async (location: string, paths: readonly string[], options: LimitOptions) => {
      const generation = await openPolicy(location, options);
      let changed = 0;
      const recorded = await eachDecision(paths, terminal.stdin, (decision) => {
        const { name, input, allowed, rule } = decision;
        const evaluation = decisionOn(generation, input);
        const allows = evaluation.effect === 'allow';
        if (allows === allowed) return;
        changed += 1;
        const arrow = allows ? 'deny → allow' : 'allow → deny';
        terminal.stdout.write(
          `${arrow}  ${name}  was ${printable(rule) || 'no rule'}, is ${decidedBy(evaluation)}\n`,
        );
      });
      terminal.stdout.write(
        `${recorded.replayable} replayed, ${changed} changed, ${skippedOf(recorded)}\n`,
      );
      if (recorded.replayable === 0) throw new CommandFailure('there was no call to replay');
      if (changed > 0) throw new CommandFailure('the bundle would change recorded decisions');
    });
}
