import { closeMatches } from './close-matches.ts';

/** How many values follow an option or stand in a positional place. */
type Arity = 'none' | 'one' | 'optional' | 'many';

export interface OptionRule {
  /** With its dashes, such as `--region`. */
  readonly flag: string;
  /** Key of the parsed value; several flags may share one. */
  readonly key: string;
  readonly arity: Arity;
  readonly choices?: readonly string[];
  /** The value if none is given: for flags, and for `optional` options. */
  readonly constant?: ParsedValue;
  readonly required?: boolean;
}

interface PositionalRule {
  readonly key: string;
  readonly arity: 'one' | 'optional';
}

export interface Rules {
  readonly options: readonly OptionRule[];
  readonly positionals: readonly PositionalRule[];
}

export type ParsedValue = string | boolean | readonly string[];

export interface KnownArguments {
  readonly values: ReadonlyMap<string, ParsedValue>;
  /** What no rule covers, in its order. */
  readonly rest: readonly string[];
}

/** The arguments cannot be parsed; the message says which and why. */
export class ArgumentProblem extends Error {
  override readonly name = 'ArgumentProblem';
}

/**
 * Takes the arguments that the rules know, as Python's argparse does, on which the AWS CLI is built:
 * including unambiguous prefixes, `--option=value`, `--` and negative numbers.
 * @throws ArgumentProblem
 */
export function takeKnown(args: readonly string[], rules: Rules): KnownArguments {
  const tokens = classify(args, rules.options);
  const state: State = { args, tokens, rules, values: new Map(), rest: [], positional: 0 };
  const last = tokens.findLastIndex((token) => token.kind === 'option');
  let at = 0;
  while (at <= last) {
    const next = tokens.findIndex((token, index) => index >= at && token.kind === 'option');
    if (at !== next) {
      const after = takePositionals(state, at);
      if (after > at) {
        at = after;
        continue;
      }
      state.rest.push(...args.slice(at, next));
    }
    at = takeOption(state, next);
  }
  state.rest.push(...args.slice(takePositionals(state, at)));
  refuseMissing(state);
  return { values: state.values, rest: state.rest };
}

type Token =
  | { readonly kind: 'value' | 'separator' }
  | { readonly kind: 'option'; readonly rule?: OptionRule; readonly value?: string };

interface State {
  readonly args: readonly string[];
  readonly tokens: readonly Token[];
  readonly rules: Rules;
  readonly values: Map<string, ParsedValue>;
  readonly rest: string[];
  /** How many positional places are taken. */
  positional: number;
}

function classify(args: readonly string[], options: readonly OptionRule[]): Token[] {
  const separator = args.indexOf('--');
  return args.map((arg, index) => {
    if (separator === -1 || index < separator) return classifyOne(arg, options);
    return { kind: index === separator ? 'separator' : 'value' };
  });
}

const VALUE: Token = { kind: 'value' };

function classifyOne(arg: string, options: readonly OptionRule[]): Token {
  if (!arg.startsWith('-') || arg === '-') return VALUE;
  const exact = options.find(({ flag }) => flag === arg);
  if (exact) return { kind: 'option', rule: exact };

  const equals = arg.indexOf('=');
  const name = equals === -1 ? arg : arg.slice(0, equals);
  const value = equals === -1 ? {} : { value: arg.slice(equals + 1) };
  const matches = options.filter(({ flag }) => flag === name);
  if (matches.length === 0 && name.startsWith('--')) {
    matches.push(...options.filter(({ flag }) => flag.startsWith(name)));
  }
  const [rule, other] = matches;
  if (other) {
    const flags = matches.map(({ flag }) => flag).join(', ');
    throw new ArgumentProblem(`ambiguous option: ${arg} could match ${flags}`);
  }
  if (rule) return { kind: 'option', rule, ...value };
  return isNegativeNumber(arg) || arg.includes(' ') ? VALUE : { kind: 'option' };
}

function isNegativeNumber(arg: string): boolean {
  return /^-\d+$|^-\d*\.\d+$/.test(arg);
}

/** Returns the index after the option and its values. */
function takeOption(state: State, at: number): number {
  const token = state.tokens[at];
  if (token?.kind !== 'option') return at + 1;
  if (!token.rule) {
    state.rest.push(state.args[at] ?? '');
    return at + 1;
  }
  const { rule, value } = token;
  if (value !== undefined) {
    if (rule.arity === 'none') throw problem(rule, `ignored explicit argument '${value}'`);
    store(state, rule, [value]);
    return at + 1;
  }
  const count = countValues(state.tokens.slice(at + 1), rule);
  store(state, rule, state.args.slice(at + 1, at + 1 + count));
  return at + 1 + count;
}

function countValues(following: readonly Token[], rule: OptionRule): number {
  const end = following.findIndex(({ kind }) => kind !== 'value');
  const available = end === -1 ? following.length : end;
  if (rule.arity === 'none') return 0;
  if (rule.arity === 'many') return available;
  if (rule.arity === 'one' && available === 0) throw problem(rule, 'expected one argument');
  return Math.min(1, available);
}

function store(state: State, rule: OptionRule, values: readonly string[]): void {
  for (const value of values) refuseUnlisted(rule, value);
  const [first] = values;
  const stored = rule.arity === 'many' ? values : (first ?? rule.constant);
  if (stored !== undefined) state.values.set(rule.key, stored);
}

function refuseUnlisted(rule: OptionRule, value: string): void {
  if (rule.choices === undefined || rule.choices.includes(value)) return;
  const lines = [`Found invalid choice '${value}'\n`];
  const close = closeMatches(value, rule.choices);
  if (close.length > 0) lines.push('Maybe you meant:\n', ...close.map((word) => `  * ${word}`));
  throw problem(rule, lines.join('\n'));
}

function problem({ flag }: OptionRule, message: string): ArgumentProblem {
  return new ArgumentProblem(`argument ${flag}: ${message}`);
}

/** Fills free positional places from here on; returns the index after what they took. */
function takePositionals(state: State, start: number): number {
  let at = start;
  while (state.positional < state.rules.positionals.length) {
    const rule = state.rules.positionals[state.positional];
    if (rule === undefined) return at;
    let end = at;
    while (state.tokens[end]?.kind === 'separator') end += 1;
    if (state.tokens[end]?.kind === 'value') {
      state.values.set(rule.key, state.args[end] ?? '');
      end += 1;
    } else if (rule.arity === 'one') {
      return at;
    }
    while (state.tokens[end]?.kind === 'separator') end += 1;
    state.positional += 1;
    at = end;
  }
  return at;
}

function refuseMissing({ rules, values }: State): void {
  const missing = rules.options.filter(
    ({ key, required }) => required === true && !values.has(key),
  );
  if (missing.length === 0) return;
  const flags = missing.map(({ flag }) => flag).join(', ');
  throw new ArgumentProblem(`the following arguments are required: ${flags}`);
}
