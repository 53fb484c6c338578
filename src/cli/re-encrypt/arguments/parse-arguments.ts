import { CliFailure, EXIT_CODE } from '../failure.ts';
import {
  ArgumentProblem,
  type KnownArguments,
  type OptionRule,
  type ParsedValue,
  type Rules,
  takeKnown,
} from './known-arguments.ts';
import {
  GLOBAL_OPTIONS,
  INPUT_OPTIONS,
  MEMBER_OPTIONS,
  OWN_OPTIONS,
  REQUIRED_MEMBER,
} from './option-table.ts';

interface GlobalArguments {
  readonly values: ReadonlyMap<string, ParsedValue>;
  /** What is left for the command's own options. */
  readonly rest: readonly string[];
}

/**
 * Global options are taken first, wherever they are, so a prefix that fits a global option is one, as
 * in the AWS CLI. @throws CliFailure
 */
export function parseGlobals(args: readonly string[]): GlobalArguments {
  const { values, rest } = take(['', ...args], {
    options: GLOBAL_OPTIONS,
    positionals: [{ key: 'command', arity: 'one' }],
  });
  return { values, rest };
}

/** @throws CliFailure for unknown, ambiguous, missing or incomplete options. */
export function parseOptions(args: readonly string[]): ReadonlyMap<string, ParsedValue> {
  const required = !skipsRequired(args);
  const { values, rest } = take(args, {
    options: [...memberOptions(required), ...INPUT_OPTIONS, ...OWN_OPTIONS],
    positionals: [{ key: 'stray', arity: 'optional' }],
  });
  const stray = values.get('stray');
  if (stray === 'help') return new Map([['help', true]]);
  const unknown = typeof stray === 'string' && stray !== '' ? [...rest, stray] : rest;
  if (unknown.length > 0) {
    throw new CliFailure(EXIT_CODE.usage, `Unknown options: ${unknown.join(', ')}`, {
      usage: 'before',
    });
  }
  return values;
}

function take(args: readonly string[], rules: Rules): KnownArguments {
  try {
    return takeKnown(args, rules);
  } catch (thrown) {
    if (!(thrown instanceof ArgumentProblem)) throw thrown;
    throw new CliFailure(EXIT_CODE.usage, thrown.message, {
      code: 'ParamValidation',
      usage: 'after',
    });
  }
}

function memberOptions(required: boolean): readonly OptionRule[] {
  if (!required) return MEMBER_OPTIONS;
  return MEMBER_OPTIONS.map((option) => ({
    ...option,
    required: option.member === REQUIRED_MEMBER,
  }));
}

/** An input file may name the required member, and a skeleton needs none; only whole option names count. */
function skipsRequired(args: readonly string[]): boolean {
  if (args.includes('--cli-input-json') || args.includes('--cli-input-yaml')) return true;
  const skeleton = args.indexOf('--generate-cli-skeleton');
  return skeleton !== -1 && args[skeleton + 1] !== 'output';
}
