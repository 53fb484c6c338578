import { PassThrough } from 'node:stream';
import { Command as Program, type Option as ProgramOption } from 'commander';
import type { Command } from '../command.ts';
import type { OptionRule } from '../re-encrypt/arguments/known-arguments.ts';
import {
  GLOBAL_OPTIONS,
  INPUT_OPTIONS,
  MEMBER_OPTIONS,
  OWN_OPTIONS,
} from '../re-encrypt/arguments/option-table.ts';
import { REQUEST_SHAPE } from '../re-encrypt/values/shape.ts';

export interface Option {
  /** With its dashes. */
  readonly flag: string;
  readonly takes: 'nothing' | 'file' | 'value';
  /** The only values that it takes; empty if it takes others too. */
  readonly choices: readonly string[];
}

/** A command, and what may follow its name. */
export interface Word {
  readonly name: string;
  readonly summary: string;
  readonly words: readonly Word[];
  readonly options: readonly Option[];
}

/** What a shell must know, from the same definitions that the commands use. */
export function wordsOf(commands: readonly Command[]): Promise<readonly Word[]> {
  return Promise.all(commands.map(wordOf));
}

async function wordOf({ name, summary, subcommands = [], define }: Command): Promise<Word> {
  if (define) {
    const program = new Program(name);
    (await define()).define(program, NOWHERE);
    return { ...ofProgram(program), summary };
  }
  const words = subcommands.map((sub) => ({ name: sub, summary: '', words: [], options: [] }));
  return { name, summary, words, options: CALL_COMMANDS.has(name) ? CALL_OPTIONS : [] };
}

/** Commands write to it only when they run. */
const NOWHERE = {
  stdin: new PassThrough(),
  stdout: new PassThrough(),
  stderr: new PassThrough(),
  env: {},
};

function ofProgram(program: Program): Word {
  return {
    name: program.name(),
    summary: program.description(),
    words: program.commands.map(ofProgram),
    options: [...program.options.map(ofOption), HELP],
  };
}

const HELP: Option = { flag: '--help', takes: 'nothing', choices: [] };

function ofOption({ long, short, flags, argChoices = [], required, optional }: ProgramOption) {
  const takes = !required && !optional ? 'nothing' : FILE.test(flags) ? 'file' : 'value';
  return { flag: long ?? short ?? '', takes, choices: argChoices } as const;
}

const FILE = /<(file|path)(\.\.\.)?>/;

/** These two have the AWS CLI's options, and a parser of their own. */
const CALL_COMMANDS = new Set(['re-encrypt', 'check']);
/** Options whose value names a file, whole or after `file://`. */
const FILE_OPTIONS = [
  '--output-file',
  '--ca-bundle',
  '--client-certificate',
  '--client-key',
  '--token-file',
];

/** The parser takes any value of a member, as the AWS CLI does; for some the service has a list. */
const MEMBER_RULES = MEMBER_OPTIONS.map((rule): OptionRule => {
  const { choices = [] } = REQUEST_SHAPE.find(({ name }) => name === rule.member) ?? {};
  return { ...rule, choices };
});

const CALL_OPTIONS: readonly Option[] = [
  ...MEMBER_RULES,
  ...INPUT_OPTIONS,
  ...OWN_OPTIONS,
  ...GLOBAL_OPTIONS,
].map((rule) => ({ flag: rule.flag, takes: takenBy(rule), choices: rule.choices ?? [] }));

function takenBy({ flag, arity }: OptionRule): Option['takes'] {
  if (arity === 'none') return 'nothing';
  return FILE_OPTIONS.includes(flag) ? 'file' : 'value';
}

/** Commands without sub-commands, by the words that lead to them; those with the same options together. */
interface Leaf {
  readonly paths: readonly (readonly string[])[];
  readonly options: readonly Option[];
}

/** The pattern of a leaf in a `case` of bash and zsh. */
export function patternOf({ paths }: Leaf): string {
  return paths.map((path) => `'${path.join(' ')}'`).join('|');
}

export function leavesOf(words: readonly Word[]): readonly Leaf[] {
  const leaves = new Map<string, Leaf>();
  const visit = (word: Word, before: readonly string[]): void => {
    const path = [...before, word.name];
    for (const next of word.words) visit(next, path);
    if (word.words.length > 0 || word.options.length === 0) return;
    const key = JSON.stringify(word.options);
    const { paths = [] } = leaves.get(key) ?? {};
    leaves.set(key, { paths: [...paths, path], options: word.options });
  };
  for (const word of words) visit(word, []);
  return [...leaves.values()];
}
