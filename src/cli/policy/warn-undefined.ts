import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import { isJsonObject, type JsonObject } from '../../json/object.ts';
import { printable } from '../printable.ts';

const run = promisify(execFile);
const PARSE = ['parse', '--format', 'json', '--json-include', 'locations,-comments'];
/** Locations make it some fifty times as long as the Rego. */
const MOST_BYTES = 256 * 1024 * 1024;

/** Where the input holds only what there is. */
const OPEN = /^input\.[^.]+\.(?:tags|encryption_context|attributes)\.[^.*]/;

/**
 * A warning about each `!=`, each `not` and each rule that is undefined, and so denies nothing, where the input has
 * not the tag, attribute or encryption context key that it reads, or the data not what it names. `not` makes true of
 * an undefined comparison by `==`, but OPA evaluates what a function is called with before `not`, and `in` is a
 * function. A rule is undefined if part of its value is, such as the message of a denial.
 * @param data of the bundle that was built from the folder
 */
export async function warnUndefined(
  folder: string,
  data: unknown,
  stderr: NodeJS.WritableStream,
): Promise<void> {
  const names = await readdir(folder, { recursive: true });
  const rego = names.filter((name) => name.endsWith('.rego') && !name.endsWith('_test.rego'));
  const modules: { readonly name: string; readonly module: JsonObject }[] = [];
  for (const name of rego.sort()) modules.push({ name, module: await parse(folder, name) });
  const packages = modules.map(({ module }) => nameOf(module['package'], 'path'));
  const isOpen = (name: string) =>
    OPEN.test(name) || (!packages.some((other) => overlap(name, other)) && isMissing(name, data));
  for (const { name, module } of modules) {
    for (const warning of warningsOf(module, isOpen)) {
      stderr.write(`kms-reencrypt-proxy policy: ${printable(`${name}:${warning}`)}\n`);
    }
  }
}

async function parse(folder: string, name: string): Promise<JsonObject> {
  const { stdout } = await run('opa', [...PARSE, name], { cwd: folder, maxBuffer: MOST_BYTES });
  return JSON.parse(stdout);
}

function warningsOf(module: JsonObject, isOpen: (name: string) => boolean): string[] {
  return nodesOf(module).flatMap((node) => {
    const open = readBy(node).find(isOpen);
    if (open === undefined) return [];
    const line = isJsonObject(node['location']) ? node['location']['row'] : '';
    const how = isJsonObject(node['head']) ? 'rule' : node['negated'] === true ? 'not' : '!=';
    return `${line}: this ${how} is undefined, and denies nothing, where there is no ${open}: read it by object.get`;
  });
}

/** What a rule's value or a negative expression reads, and is undefined if that is. */
function readBy({ head, terms, negated }: JsonObject): string[] {
  if (isJsonObject(head)) return namesIn([head['key'], head['value']].filter(isComposed));
  if (!Array.isArray(terms)) return [];
  const [operator, ...operands] = terms;
  const name = nameOf(operator);
  if (negated !== true && name !== 'neq') return [];
  const compared = negated === true && (name === 'equal' || name === 'eq');
  const asked = compared ? operands.filter((term) => term?.type === 'call') : operands;
  return namesIn(asked);
}

const isComposed = (term: unknown) =>
  isJsonObject(term) && (term['type'] === 'object' || term['type'] === 'array');

/** A comprehension over what is undefined is empty, and a template string says `<undefined>`. */
function namesIn(terms: unknown): string[] {
  const inside = ({ type }: JsonObject) => !/comprehension$|^templatestring$/.test(String(type));
  return nodesOf(terms, inside).map((term) => nameOf(term));
}

/** `input.source.tags.env`, with `*` for what is not written as a name; '' for what is no reference. */
function nameOf(term: unknown, member = 'value'): string {
  if (!isJsonObject(term) || (member === 'value' && term['type'] !== 'ref')) return '';
  const { [member]: parts } = term;
  if (!Array.isArray(parts)) return '';
  const named = ({ type }: JsonObject, at: number) => type === 'string' || at === 0;
  return parts.map((part, at) => (named(part, at) ? part.value : '*')).join('.');
}

const overlap = (a: string, b: string) =>
  `${a}.`.startsWith(`${b}.`) || `${b}.`.startsWith(`${a}.`);

/** Whether the data has nothing by this name, as far as it is one. */
function isMissing(name: string, data: unknown): boolean {
  const [root, ...parts] = name.split('.');
  if (root !== 'data') return false;
  let found = data;
  for (const part of parts) {
    if (part === '*') return false;
    if (!isJsonObject(found) || !Object.hasOwn(found, part)) return true;
    found = found[part];
  }
  return false;
}

/** The objects in a part of opa's syntax tree, but nothing in those that are not to be gone into. */
function nodesOf(tree: unknown, into: (node: JsonObject) => boolean = () => true): JsonObject[] {
  if (Array.isArray(tree)) return tree.flatMap((item) => nodesOf(item, into));
  if (!isJsonObject(tree) || !into(tree)) return [];
  return [tree, ...Object.values(tree).flatMap((item) => nodesOf(item, into))];
}
