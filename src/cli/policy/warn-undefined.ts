import { isJsonObject, type JsonObject } from '../../json/object.ts';
import { lineOf, nameOf, nodesOf, type ParsedFile } from './parse-folder.ts';

/** Where the input holds only what there is. */
const OPEN = /^input\.[^.]+\.(?:tags|encryption_context|attributes)\.[^.*]/;

/**
 * A warning about each `!=`, each `not` and each rule that is undefined, and so denies nothing, where the input has
 * not the tag, attribute or encryption context key that it reads, or the data not what it names. `not` makes true of
 * an undefined comparison by `==`, but OPA evaluates what a function is called with before `not`, and `in` is a
 * function. A rule is undefined if part of its value is, such as the message of a denial.
 * @param data of the bundle that was built from the folder
 */
export function undefinedDenials(files: readonly ParsedFile[], data: unknown): readonly string[] {
  const packages = files.map(({ module }) => nameOf(module['package'], 'path'));
  const isOpen = (name: string) =>
    OPEN.test(name) || (!packages.some((other) => overlap(name, other)) && isMissing(name, data));
  return files.flatMap(({ name, module }) =>
    warningsOf(module, isOpen).map((warning) => `${name}:${warning}`),
  );
}

function warningsOf(module: JsonObject, isOpen: (name: string) => boolean): string[] {
  return nodesOf(module).flatMap((node) => {
    const open = readBy(node).find(isOpen);
    if (open === undefined) return [];
    const how = isJsonObject(node['head']) ? 'rule' : node['negated'] === true ? 'not' : '!=';
    return `${lineOf(node)}: this ${how} is undefined, and denies nothing, where there is no ${open}: read it by object.get`;
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
