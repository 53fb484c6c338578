import type { Command } from 'commander';
import { CommandFailure, type Terminal } from '../command.ts';
import { examples } from '../examples.ts';
import { printable } from '../printable.ts';
import { type AllOption, allOption, createChanges, decidedBy } from './changes.ts';
import { decisionOn } from './decision-on.ts';
import { eachDecision, skippedOf } from './entries.ts';
import type { LimitOptions } from './limits.ts';
import { openPolicy } from './open.ts';

interface ReplayOptions extends LimitOptions, AllOption {}

/** `policy replay`: how another bundle would decide recorded calls. Exits 1 if any differs or is unknown. */
export function defineReplay(command: Command, terminal: Terminal): void {
  command
    .command('replay <bundle> <entries...>')
    .description(
      'Decide recorded calls again: of audit logs in clear (a live file with all of its log, closed segments, packed by gzip or not, or a folder), or of capture files. Exits 1 where a decision would change, or none can be told.',
    )
    .addOption(allOption())
    .addHelpText('after', examples('policy replay next.tar.gz audit.jsonl'))
    .action(async (location: string, paths: readonly string[], options: ReplayOptions) => {
      const generation = await openPolicy(location, options);
      const changes = createChanges((text) => terminal.stdout.write(text), options);
      const recorded = await eachDecision(paths, terminal.stdin, (decision) => {
        const { name, whose, input, allowed, rule } = decision;
        const evaluation = decisionOn(generation, input);
        const allows = evaluation.effect === 'allow';
        if (allows === allowed) return;
        const arrow = allows ? 'deny → allow' : 'allow → deny';
        const what = `was ${printable(rule) || 'no rule'}, is ${decidedBy(evaluation)}`;
        changes.add({ arrow, name, whose, what });
      });
      const changed = changes.end();
      terminal.stdout.write(
        `${recorded.replayable} replayed, ${changed} changed, ${skippedOf(recorded)}\n`,
      );
      if (recorded.replayable === 0) throw new CommandFailure('there was no call to replay');
      if (changed > 0) throw new CommandFailure('the bundle would change recorded decisions');
    });
}
