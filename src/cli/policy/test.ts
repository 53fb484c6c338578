import { Buffer } from 'node:buffer';
import { type Command, Option } from 'commander';
import { isJsonObject } from '../../json/object.ts';
import type { Bundle } from '../../policy/bundle/bundle.ts';
import type { Evaluation } from '../../policy/evaluation.ts';
import type { Generation } from '../../policy/generation.ts';
import { CommandFailure, type Terminal } from '../command.ts';
import { examples } from '../examples.ts';
import { completeInput } from './complete-input.ts';
import { decisionOn } from './decision-on.ts';
import { parseDocument, readText } from './document.ts';
import type { LimitOptions } from './limits.ts';
import { prove, readPolicy } from './open.ts';
import { REPORTS, type ReportFormat, type TestResult } from './reports.ts';
import { type Case, inputOfCase, toTable } from './table.ts';

interface TestOptions extends LimitOptions {
  readonly format: ReportFormat;
  readonly requireCoverage?: boolean;
}

/** `policy test`: tables of inputs and the decisions that they must get, through the proxy's engine. */
export function defineTest(command: Command, terminal: Terminal): void {
  command
    .command('test <bundle> <tables...>')
    .description('Try tables of inputs and expected decisions (YAML). Exits 1 if one fails.')
    .addOption(
      new Option('--format <name>', 'format of the report')
        .choices(Object.keys(REPORTS))
        .default('pretty'),
    )
    .option('--require-coverage', 'fail if a rule of the data allows no case')
    .addHelpText(
      'after',
      examples(
        'policy test bundle.tar.gz cases.yaml --require-coverage',
        'policy test p.tar.gz cases.yaml --format junit > out.xml',
      ),
    )
    .action(async (location: string, paths: readonly string[], options: TestOptions) => {
      const bundle = await readPolicy(location, options);
      const generation = await prove(location, bundle, options);
      const results: TestResult[] = [];
      const allowing = new Set<string>();
      for (const path of paths) {
        const { base, cases } = toTable(
          path,
          parseDocument(path, await readText(path, terminal.stdin)),
        );
        for (const one of cases) {
          const { allowedBy, problem } = tryCase(generation, { base, one });
          allowing.add(allowedBy);
          results.push({ file: path, name: one.name, problem });
        }
      }
      const ids = ruleIds(bundle);
      const uncovered = ids.filter((id) => !allowing.has(id));
      const coverageRequired = options.requireCoverage === true;
      const report = { results, uncovered, coverageRequired };
      terminal.stdout.write(REPORTS[options.format](report));
      const failed = results.filter(({ problem }) => problem !== '').length;
      if (failed > 0) throw new CommandFailure(`${failed} of ${results.length} cases failed`);
      if (coverageRequired && ids.length === 0) {
        throw new CommandFailure(
          '--require-coverage has no effect: no list `rules` is in the data',
        );
      }
      if (coverageRequired && uncovered.length > 0) {
        throw new CommandFailure(`no case is allowed by ${uncovered.join(', ')}`);
      }
    });
}

/** A case with an impossible input fails like one with a wrong decision, and the rest are still tried. */
function tryCase(generation: Generation, { base, one }: { base: object; one: Case }) {
  try {
    const input = completeInput(inputOfCase(base, one));
    const evaluation = decisionOn(generation, input);
    const { effect, rule } = evaluation;
    // A denial names the rule that came nearest, but that does not show that the rule allows anything.
    const allowedBy = effect === 'allow' ? rule : '';
    return { allowedBy, problem: problemOf(evaluation, one.expect) };
  } catch (thrown) {
    if (thrown instanceof CommandFailure) return { allowedBy: '', problem: thrown.message };
    throw thrown;
  }
}

/** How the decision differs from what is expected; '' if it does not. */
function problemOf(evaluation: Evaluation, expected: Case['expect']): string {
  const codes = evaluation.reasons.map(({ code }) => code).sort();
  const pairs: readonly (readonly [string, unknown, unknown])[] = [
    ['allow', expected.allow, evaluation.effect === 'allow'],
    ['rule', expected.rule, evaluation.rule],
    ['codes', expected.codes && [...expected.codes].sort(), codes],
    ['labels', expected.labels && sorted(expected.labels), sorted(evaluation.labels)],
    ['failure', expected.failure ?? '', evaluation.failure],
  ];
  const problems = pairs
    .filter(
      ([, wanted, got]) => wanted !== undefined && JSON.stringify(wanted) !== JSON.stringify(got),
    )
    .map(
      ([what, wanted, got]) => `${what} is ${JSON.stringify(got)}, not ${JSON.stringify(wanted)}`,
    );
  return problems.length === 0 ? '' : `${problems.join('; ')} (${whyOf(evaluation)})`;
}

/** Saves the person from asking `policy explain` next. */
function whyOf({ effect, rule, reasons, failure }: Evaluation): string {
  if (effect === 'allow') return `rule ${rule} allows it`;
  const messages = reasons.map(({ code, message }) => message || code);
  return messages.join('; ') || failure || 'no reason is given';
}

const sorted = (labels: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(labels).sort());

/** Ids of the rules in the data of policies that are built like the example policy. */
function ruleIds({ data }: Bundle): string[] {
  const ids: string[] = [];
  JSON.parse(Buffer.from(data).toString('utf8'), (key, value: unknown) => {
    if (key !== 'rules' || !Array.isArray(value)) return value;
    for (const rule of value) if (isJsonObject(rule)) ids.push(String(rule['id']));
    return value;
  });
  return ids;
}
