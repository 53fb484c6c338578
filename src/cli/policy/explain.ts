import { Buffer } from 'node:buffer';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Command } from 'commander';
import { z } from 'zod';
import { parseJson } from '../../exact-json.ts';
import { type Bundle, ENTRYPOINT } from '../../policy/bundle/bundle.ts';
import type { Evaluation } from '../../policy/evaluation.ts';
import type { PolicyInput } from '../../policy/input.ts';
import type { Terminal } from '../command.ts';
import { CommandFailure } from '../program.ts';
import { isMasked } from './asked-by.ts';
import { firstInputOf } from './inputs.ts';
import type { LimitOptions } from './limits.ts';
import { openPolicy, prove } from './open.ts';

interface ExplainOptions extends LimitOptions {
  readonly input: string;
  readonly trace?: boolean;
}

/** `policy explain`: why a call is allowed or denied, rule by rule where the rules are data. */
export function defineExplain(command: Command, terminal: Terminal): void {
  command
    .command('explain <bundle>')
    .description('Say of each rule of the principal which condition fails, and with which value.')
    .requiredOption('--input <file>', 'JSON or YAML, or an audit entry; - for standard input')
    .option('--trace', "add opa's own trace of what failed; needs a folder of Rego and opa")
    .action(async (location: string, options: ExplainOptions) => {
      const { bundle, judge } = await openPolicy(location, options);
      const input = await firstInputOf(options.input, terminal.stdin);
      const whole = judge(JSON.stringify(input), input.time.unix_ms);
      terminal.stdout.write(`${headline(whole)}\n${reasonsOf(whole, input)}`);
      if (isMasked(input)) terminal.stdout.write(MASKED);
      for (const { id, alone } of rulesOf(bundle, input)) {
        const { judge } = await prove(location, { ...bundle, data: alone }, options);
        const evaluation = judge(JSON.stringify(input), input.time.unix_ms);
        terminal.stdout.write(
          `\nrule ${id}: ${evaluation.effect === 'allow' ? 'fits' : 'does not fit'}\n`,
        );
        terminal.stdout.write(reasonsOf(evaluation, input));
      }
      if (options.trace) terminal.stdout.write(`\n${await trace(location, input)}`);
    });
}

/** Of an audit entry: values that are the same have the same mark, which is all that can be told of them. */
const MASKED =
  '  values of encryption contexts are masked: only whether they are equal is judged\n';

function headline({ effect, rule, failure }: Evaluation): string {
  const by = rule === '' ? '' : ` by rule ${rule}`;
  return failure === '' ? `${effect}${by}` : `${effect}: ${failure}`;
}

function reasonsOf({ reasons }: Evaluation, input: PolicyInput): string {
  return reasons
    .map(({ code, side, message }) => {
      const value = valueBehind(input, { code, side });
      return `  ${side ? `${side} ` : ''}${code}: ${message}${value === undefined ? '' : ` (${value})`}\n`;
    })
    .join('');
}

/** Which fields of the input a code of the example policy speaks of. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  key: ['key_arn', 'alias', 'aliases'],
  key_state: ['state'],
  key_tag: ['tags'],
  key_fact: ['account', 'region', 'spec', 'origin'],
  context_value: ['encryption_context'],
  context_forbidden: ['encryption_context_keys'],
};
const WHOLE: Readonly<Record<string, (input: PolicyInput) => unknown>> = {
  no_rule: ({ principal }) => ({ id: principal.id, kind: principal.kind }),
  context_keep: ({ relation }) => relation.context,
  context_change: ({ relation }) => relation.context,
  context_bind: ({ principal }) => principal.attributes,
  relation: ({ relation: { context: _, ...same } }) => same,
  hour: ({ time }) => time.hour_utc,
  weekday: ({ time }) => time.weekday,
  ended: ({ time }) => time.rfc3339,
};

function valueBehind(input: PolicyInput, { code, side }: { code: string; side: string }) {
  const whole = WHOLE[code];
  if (whole) return JSON.stringify(whole(input));
  const fields = FIELDS[code];
  if (!fields || (side !== 'source' && side !== 'destination')) return undefined;
  const found = Object.entries(input[side]).filter(([name]) => fields.includes(name));
  return JSON.stringify(Object.fromEntries(found));
}

const ruleData = z.looseObject({
  kms_reencrypt: z.looseObject({
    principals: z.record(
      z.string(),
      z.looseObject({ rules: z.array(z.looseObject({ id: z.string() })) }),
    ),
  }),
});

/** Each rule of the principal, with the data document that has it alone; none for other policies. */
function rulesOf({ data }: Bundle, { principal }: PolicyInput) {
  const parsed = ruleData.safeParse(parseJson(Buffer.from(data).toString('utf8')));
  const name = principal.kind === 'anonymous' ? 'anonymous' : principal.id;
  const grant = parsed.success ? parsed.data.kms_reencrypt.principals[name] : undefined;
  if (!parsed.success || !grant) return [];
  return grant.rules.map((rule) => {
    const principals = { [name]: { ...grant, rules: [rule] } };
    const alone = { ...parsed.data, kms_reencrypt: { ...parsed.data.kms_reencrypt, principals } };
    return { id: rule.id, alone: Buffer.from(JSON.stringify(alone)) };
  });
}

async function trace(folder: string, input: PolicyInput): Promise<string> {
  const query = `data.${ENTRYPOINT.replaceAll('/', '.')}`;
  const args = ['eval', '--bundle', folder, '--explain', 'fails', '--format', 'pretty'];
  const running = promisify(execFile)('opa', [...args, '--stdin-input', query]);
  running.child.stdin?.end(JSON.stringify(input));
  const { stdout } = await running.catch(() => {
    throw new CommandFailure('opa gives no trace: is it on the PATH, and the bundle a folder?');
  });
  return stdout;
}
