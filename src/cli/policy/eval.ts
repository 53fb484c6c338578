import type { Command } from 'commander';
import type { Terminal } from '../command.ts';
import { examples } from '../examples.ts';
import { firstInputOf } from './inputs.ts';
import type { LimitOptions } from './limits.ts';
import { openPolicy } from './open.ts';

/** Enough evaluations for the engine to have compiled what is hot. */
const RUNS = 2_000;

interface EvalOptions extends LimitOptions {
  readonly input: string;
  readonly timing?: boolean;
}

/** `policy eval`: the decision on one input, and what it costs. */
export function defineEval(command: Command, terminal: Terminal): void {
  command
    .command('eval <bundle>')
    .description(
      'Decide on one input (- for standard input); what it leaves out is taken from a plain call.',
    )
    .requiredOption('--input <file>', 'JSON or YAML')
    .option('--timing', 'measure the decision too')
    .addHelpText('after', examples('policy eval bundle.tar.gz --input input.yaml'))
    .action(async (location: string, options: EvalOptions) => {
      const generation = await openPolicy(location, options);
      const { input } = await firstInputOf(options.input, terminal.stdin);
      const text = JSON.stringify(input);
      const judge = () => generation.judge(text, input.time.unix_ms);
      const { effect, failure, reasons, rule, labels, allowUnknownSource } = judge();
      const timing = options.timing ? { microseconds: measure(judge) } : {};
      const { revision } = generation.bundle;
      const answer = { effect, failure, reasons, rule, labels };
      const decision = { ...answer, allow_unknown_source: allowUnknownSource, revision, ...timing };
      terminal.stdout.write(`${JSON.stringify(decision, undefined, 2)}\n`);
    });
}

/** Median of one evaluation, in microseconds. */
function measure(judge: () => unknown): number {
  const times = Array.from({ length: RUNS }, () => {
    const started = performance.now();
    judge();
    return (performance.now() - started) * 1_000;
  });
  return Number((times.sort((a, b) => a - b)[RUNS / 2] ?? 0).toFixed(1));
}
