import process from 'node:process';
import { addAbortSignal } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { messageOf } from '../../thrown.ts';
import type { Run, Terminal } from '../command.ts';
import type { KnownArguments } from './arguments/known-arguments.ts';
import { parseGlobals, parseOptions } from './arguments/parse-arguments.ts';
import { CliFailure, EXIT_CODE, type ExitCode, otherFailure } from './failure.ts';
import { readIdentity } from './identity.ts';
import { print, write } from './output/print.ts';
import { collectParameters, decodeBlob } from './parameters.ts';
import { reportFailure } from './report-failure.ts';
import { errorFormat, readSettings, type Settings } from './settings.ts';
import type { TargetCall } from './targets/target.ts';
import { validateParameters } from './values/validate.ts';

type Values = KnownArguments['values'];

/** One call that is ready to go. */
export interface Work {
  readonly call: TargetCall;
  readonly options: Values;
  readonly terminal: Terminal;
}

export interface Result {
  readonly output: string | Uint8Array;
  readonly exitCode: ExitCode;
}

type Perform = (work: Work) => Promise<Result>;

/**
 * A command that takes the options of ReEncrypt: reads them, performs, prints, and reports every failure
 * in one sentence with its exit code.
 */
export function withArguments(name: string, perform: Perform): Run {
  return async (args, terminal) => {
    const interrupt = catchInterrupt();
    let globals: Values = new Map();
    try {
      if (asksForHelp(args)) return await printHelp(name, terminal);
      const parsed = parseGlobals(args);
      globals = parsed.values;
      if (globals.get('version') === true) return await printVersion(terminal);
      const settings = await readSettings(globals, terminal.env);
      const context = { settings, terminal, signal: interrupt.signal };
      const { output, exitCode } = await performWith(parsed.rest, { ...context, name }, perform);
      await print(output, { settings, terminal });
      return exitCode;
    } catch (thrown) {
      if (!interrupt.signal.aborted) return tell(thrown, { name, globals, terminal });
      terminal.stdout.write('\n');
      return EXIT_CODE.interrupted;
    } finally {
      interrupt.dispose();
    }
  };
}

interface Context {
  readonly name: string;
  readonly settings: Settings;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

async function performWith(
  args: readonly string[],
  context: Context,
  perform: Perform,
): Promise<Result> {
  const { name, settings, terminal, signal } = context;
  const { env } = terminal;
  const options = parseOptions(args);
  if (options.has('help')) return { output: await help(name), exitCode: EXIT_CODE.ok };
  const collected = await collectParameters({
    options,
    env,
    readStdin: () => buffer(addAbortSignal(signal, terminal.stdin)),
  });
  const skeleton = options.get('skeleton');
  if (skeleton !== undefined && skeleton !== 'output') {
    const { inputSkeleton } = await import('./skeleton.ts');
    return { output: inputSkeleton(String(skeleton)), exitCode: EXIT_CODE.ok };
  }
  const parameters = decodeBlob(collected, settings.binaryFormat);
  validateParameters(parameters);
  const call = { parameters, settings, ...readIdentity(options, settings), env, signal };
  debug(context, `ReEncrypt to ${settings.endpoint} with ${[...parameters.keys()].join(', ')}`);
  return perform({ call, options, terminal });
}

/** Logs what happens but never a value: contexts, tokens and keys are the caller's. */
function debug({ settings, terminal }: Context, line: string): void {
  if (settings.debug) terminal.stderr.write(`${new Date().toISOString()} ${line}\n`);
}

function asksForHelp(args: readonly string[]): boolean {
  return args.includes('--help') || (args.length === 1 && (args[0] === 'help' || args[0] === '-h'));
}

/** A reader that closes early got what it wanted. */
async function printHelp(name: string, { stdout }: Terminal): Promise<ExitCode> {
  await write(stdout, await help(name)).catch(() => undefined);
  return EXIT_CODE.ok;
}

async function help(name: string): Promise<string> {
  const { helpText } = await import('./help/help-text.ts');
  return helpText(name);
}

async function printVersion({ stdout }: Terminal): Promise<ExitCode> {
  const { VERSION } = await import('../../version.ts');
  stdout.write(`kms-reencrypt-proxy/${VERSION}\n`);
  return EXIT_CODE.ok;
}

interface Telling {
  readonly name: string;
  readonly globals: Values;
  readonly terminal: Terminal;
}

function tell(thrown: unknown, { name, globals, terminal: { env, stderr } }: Telling): ExitCode {
  const failure = thrown instanceof CliFailure ? thrown : unforeseen(thrown);
  const color = globals.get('color') === 'on' ? 'on' : 'auto';
  reportFailure(failure, { command: name, format: errorFormat(globals, env), color, stderr });
  if (globals.get('debug') === true) stderr.write(`${failure.stack}\n`);
  return failure.exitCode;
}

function unforeseen(thrown: unknown): CliFailure {
  return otherFailure(messageOf(thrown), thrown);
}

function catchInterrupt() {
  const controller = new AbortController();
  const abort = () => controller.abort(new Error('interrupted'));
  process.once('SIGINT', abort);
  return { signal: controller.signal, dispose: () => process.off('SIGINT', abort) };
}
