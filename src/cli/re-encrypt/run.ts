import type { Run, Terminal } from '../command.ts';
import { type GlobalArguments, parseGlobals, parseOptions } from './arguments/parse-arguments.ts';
import { CliFailure, EXIT_CODE, otherFailure } from './failure.ts';
import { formatValue } from './output/format.ts';
import { collectParameters, decodeBlob } from './parameters.ts';
import { reportFailure } from './report-failure.ts';
import { errorFormat, readSettings, type Settings } from './settings.ts';
import { isHttp, type TargetAnswer, type TargetCall } from './targets/target.ts';
import { validateParameters } from './values/validate.ts';
import type { Value } from './values/value.ts';

/** `re-encrypt`, as the users of `aws kms re-encrypt` know it. */
export const run: Run = async (args, terminal) => {
  if (['help', '--help', '-h'].includes(args.length === 1 ? (args[0] ?? '') : '')) {
    const { helpText } = await import('./help.ts');
    terminal.stdout.write(helpText());
    return EXIT_CODE.ok;
  }
  let globals: GlobalArguments = { values: new Map(), rest: [] };
  try {
    globals = parseGlobals(args);
    const settings = await readSettings(globals.values, terminal.env);
    terminal.stdout.write(await reEncrypt(globals.rest, settings, terminal));
    return EXIT_CODE.ok;
  } catch (thrown) {
    const failure = thrown instanceof CliFailure ? thrown : unforeseen(thrown);
    const format = errorFormat(globals.values, terminal.env);
    reportFailure(failure, { format, color: 'auto', stderr: terminal.stderr });
    return failure.exitCode;
  }
};

async function reEncrypt(
  args: readonly string[],
  settings: Settings,
  terminal: Terminal,
): Promise<string> {
  const options = parseOptions(args);
  const { env } = terminal;
  const readStdin = () => readAll(terminal.stdin);
  const collected = await collectParameters({ options, env, readStdin });
  const skeleton = options.get('skeleton');
  if (typeof skeleton === 'string' && skeleton !== 'output') {
    const { inputSkeleton } = await import('./skeleton.ts');
    return inputSkeleton(skeleton);
  }
  const parameters = decodeBlob(collected, settings.binaryFormat);
  validateParameters(parameters);
  const { signal } = new AbortController();
  const answer = await send({ parameters, settings, tls: {}, env, signal });
  return formatAnswer(answer, settings, terminal);
}

async function send(call: TargetCall): Promise<TargetAnswer> {
  if (isHttp(call.settings.endpoint)) {
    const { callAws } = await import('./targets/aws-target.ts');
    return callAws(call);
  }
  const { callProxy } = await import('./targets/proxy-target.ts');
  return callProxy(call);
}

function formatAnswer(
  { response, decisionId }: TargetAnswer,
  { output, query, color }: Settings,
  { stdout }: Terminal,
): string {
  const whole: Value =
    decisionId === '' || output === 'text'
      ? response
      : new Map([...response, ['DecisionId', decisionId]]);
  const value = query ? query(whole) : whole;
  return formatValue(value, { format: output, color, title: 'ReEncrypt', stdout });
}

async function readAll(stream: NodeJS.ReadableStream): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

function unforeseen(thrown: unknown): CliFailure {
  return otherFailure(thrown instanceof Error ? thrown.message : String(thrown), thrown);
}
