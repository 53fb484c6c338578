import type { Command } from 'commander';
import { type Comparison, compareDecisions } from '../../policy/compare.ts';
import type { Generation } from '../../policy/generation.ts';
import type { PolicyInput } from '../../policy/input.ts';
import { SAMPLES } from '../../policy/samples.ts';
import { CommandFailure, type Terminal } from '../command.ts';
import { examples } from '../examples.ts';
import { type AllOption, allOption, createChanges, decidedBy } from './changes.ts';
import { decisionOn } from './decision-on.ts';
import { eachDecision, skippedOf } from './entries.ts';
import { inputsOf, type NamedInput } from './inputs.ts';
import type { LimitOptions } from './limits.ts';
import { openPolicy } from './open.ts';

interface DiffOptions extends LimitOptions, AllOption {
  readonly samples?: readonly string[];
  readonly entries?: readonly string[];
}

/** `policy diff`: on which inputs two bundles decide differently. Exits 1 if there is one. */
export function defineDiff(command: Command, terminal: Terminal): void {
  command
    .command('diff <old> <new>')
    .description(
      'Compare the decisions of two bundles over samples and recorded entries. Exits 1 where they differ.',
    )
    .option(
      '--samples <path...>',
      'inputs, JSON or YAML, one a file or a line, or tables for policy test',
    )
    .option('--entries <path...>', 'audit logs, folders of them or capture files')
    .addOption(allOption())
    .addHelpText('after', examples('policy diff old.tar.gz new.tar.gz --samples cases.yaml'))
    .action(async (before: string, after: string, options: DiffOptions) => {
      const bundles = [
        await openPolicy(before, options),
        await openPolicy(after, options),
      ] as const;
      const own = Object.entries(SAMPLES).map(([name, input]) => ({ name, input }));
      const given = await inputsOf(options.samples ?? [], terminal.stdin);
      const changes = createChanges((text) => terminal.stdout.write(text), options);
      const tell = ({ name, input }: NamedInput, whose: string) => {
        const difference = compare(bundles, input);
        if (difference) changes.add({ name, whose, ...difference });
      };
      for (const input of [...own, ...given]) tell(input, '');
      const recorded = await eachDecision(options.entries ?? [], terminal.stdin, (decision) =>
        tell(decision, decision.whose),
      );
      const differ = changes.end();
      const asked = own.length + given.length + recorded.replayable;
      terminal.stdout.write(`${asked} compared, ${differ} differ, ${skippedOf(recorded)}\n`);
      if (differ > 0) throw new CommandFailure('the bundles decide differently');
    });
}

const ARROWS: Readonly<Record<Exclude<Comparison, 'same'>, string>> = {
  allow_to_deny: 'allow → deny',
  deny_to_allow: 'deny → allow',
  reasons: 'other reasons',
  failed: 'no decision',
};

function compare([before, after]: readonly [Generation, Generation], input: PolicyInput) {
  const [was, is] = [decisionOn(before, input), decisionOn(after, input)];
  const comparison = compareDecisions(was, is);
  if (comparison === 'same') return undefined;
  return { arrow: ARROWS[comparison], what: decidedBy(is) };
}
