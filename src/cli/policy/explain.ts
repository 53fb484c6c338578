import { Buffer } from 'node:buffer';
import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Command } from 'commander';
import { z } from 'zod';
import { parseJson } from '../../json/exact.ts';
import type { Bundle } from '../../policy/bundle/bundle.ts';
import { ENTRYPOINT } from '../../policy/entrypoints.ts';
import type { Evaluation } from '../../policy/evaluation.ts';
import type { PolicyInput } from '../../policy/input.ts';
import { CommandFailure, type Terminal } from '../command.ts';
import { examples } from '../examples.ts';
import { printable } from '../printable.ts';
import { isMasked } from './asked-by.ts';
import { foundIn, type RuleData, saidBy } from './conditions.ts';
import { decisionOn } from './decision-on.ts';
import { firstInputOf } from './inputs.ts';
import type { LimitOptions } from './limits.ts';
import { prove, readPolicy } from './open.ts';

interface ExplainOptions extends LimitOptions {
  readonly input: string;
  readonly trace?: boolean;
}

/** `policy explain`: why a call is allowed or denied, rule by rule where the rules are data. */
export function defineExplain(command: Command, terminal: Terminal): void {
  command
    .command('explain <bundle>')
    .description('Show for each rule of the principal which condition fails, and with which value.')
    .requiredOption('--input <file>', 'JSON or YAML, or an audit entry; - for standard input')
    .option('--trace', "add opa's own trace of what failed; needs a folder of Rego and opa")
    .addHelpText(
      'after',
      examples(
        'policy explain bundle.tar.gz --input input.yaml',
        'policy explain policy --input input.yaml --trace',
      ),
    )
    .action(async (location: string, options: ExplainOptions) => {
      if (options.trace) refuseArchive(location);
      const bundle = await readPolicy(location, options);
      const generation = await prove(location, bundle, options);
      const { input, hidden } = await firstInputOf(options.input, terminal.stdin);
      const whole = decisionOn(generation, input);
      const rules = rulesOf(bundle, input);
      const named = rules.find(({ id }) => id === whole.rule);
      terminal.stdout.write(`${headline(whole)}\n${reasonsOf(whole, input, named)}`);
      if (isMasked(input)) terminal.stdout.write(MASKED);
      if (hidden.length > 0) terminal.stdout.write(`  ${printable(HIDDEN + hidden.join(', '))}\n`);
      for (const rule of rules) {
        const { id, alone } = rule;
        const proved = await prove(location, { ...bundle, data: alone }, options);
        const evaluation = decisionOn(proved, input);
        terminal.stdout.write(`\n${printable(`rule ${id}: ${verdict(evaluation, id)}`)}\n`);
        terminal.stdout.write(reasonsOf(evaluation, input, rule));
      }
      if (options.trace) terminal.stdout.write(`\n${await trace(location, input)}`);
    });
}

/** For an audit entry: equal values have equal marks, and nothing more is known of them. */
const MASKED =
  '  values of encryption contexts are masked: only whether they are equal is judged\n';

const HIDDEN =
  'the mask of the policy changed the entry, so the call may have been judged otherwise: ';

function headline({ effect, rule, failure }: Evaluation): string {
  const by = rule === '' ? '' : ` by rule ${rule}`;
  return printable(failure === '' ? `${effect}${by}` : `${effect}: ${failure}`);
}

/** Other Rego may decide instead of the rules in the data, as an open incident does. */
function verdict({ effect, rule }: Evaluation, id: string): string {
  if (rule !== '' && rule !== id) return `does not decide, ${rule} does`;
  return effect === 'allow' ? 'fits' : 'does not fit';
}

function reasonsOf({ reasons }: Evaluation, input: PolicyInput, rule?: RuleData): string {
  return reasons
    .map(({ code, side, message }) => {
      const found = foundIn(input, { code, side }, rule);
      const said = rule && saidBy(rule, { code, side });
      const values = [found, said && `data.json has ${said}`].filter((part) => part).join('; ');
      const what = side ? `${side} ${code}` : code;
      return `  ${printable(`${what}: ${message}${values && ` (${values})`}`)}\n`;
    })
    .join('');
}

const ruleData = z.looseObject({
  kms_reencrypt: z.looseObject({
    principals: z.record(
      z.string(),
      z.looseObject({ rules: z.array(z.looseObject({ id: z.string() })) }),
    ),
  }),
});

/** Each rule of the principal, with a data document that has only that rule; empty for other policies. */
function rulesOf({ data }: Bundle, { principal }: PolicyInput) {
  const parsed = ruleData.safeParse(parseJson(Buffer.from(data).toString('utf8')));
  const name = principal.kind === 'anonymous' ? 'anonymous' : principal.id;
  const grant = parsed.success ? parsed.data.kms_reencrypt.principals[name] : undefined;
  if (!parsed.success || !grant) return [];
  return grant.rules.map((rule) => {
    const principals = { [name]: { ...grant, rules: [rule] } };
    const alone = { ...parsed.data, kms_reencrypt: { ...parsed.data.kms_reencrypt, principals } };
    return { id: rule.id, rule, grant, alone: Buffer.from(JSON.stringify(alone)) };
  });
}

/** An archive has no Rego for opa to trace. */
function refuseArchive(location: string): void {
  if (statSync(location, { throwIfNoEntry: false })?.isDirectory()) return;
  throw new CommandFailure(`--trace needs a folder of Rego, and ${location} is not one`);
}

async function trace(folder: string, input: PolicyInput): Promise<string> {
  const query = `data.${ENTRYPOINT.replaceAll('/', '.')}`;
  const args = ['eval', '--bundle', folder, '--explain', 'fails', '--format', 'pretty'];
  const running = promisify(execFile)('opa', [...args, '--stdin-input', query]);
  running.child.stdin?.end(JSON.stringify(input));
  const { stdout } = await running.catch(() => {
    throw new CommandFailure('opa gives no trace: is it on the PATH?');
  });
  return stdout;
}
