import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import { isJsonObject, type JsonObject } from '../../json/object.ts';
import { isPolicy } from '../../policy/sources/rego-folder.ts';

const run = promisify(execFile);
const PARSE = ['parse', '--format', 'json', '--json-include', 'locations,-comments'];
/** Locations make it some fifty times as long as the Rego. */
const MOST_BYTES = 256 * 1024 * 1024;

/** A file of Rego, by its path in the folder, and its syntax tree as `opa parse` writes it. */
export interface ParsedFile {
  readonly name: string;
  readonly module: JsonObject;
}

/** The policy in a folder, without its tests. */
export async function parseFolder(folder: string): Promise<readonly ParsedFile[]> {
  const names = await readdir(folder, { recursive: true });
  const files: ParsedFile[] = [];
  for (const name of names.filter(isPolicy).sort())
    files.push({ name, module: await parse(folder, name) });
  return files;
}

async function parse(folder: string, name: string): Promise<JsonObject> {
  const { stdout } = await run('opa', [...PARSE, name], { cwd: folder, maxBuffer: MOST_BYTES });
  return JSON.parse(stdout);
}

/** The objects in a part of a syntax tree, but nothing in those that are not to be gone into. */
export function nodesOf(
  tree: unknown,
  into: (node: JsonObject) => boolean = () => true,
): JsonObject[] {
  if (Array.isArray(tree)) return tree.flatMap((item) => nodesOf(item, into));
  if (!isJsonObject(tree) || !into(tree)) return [];
  return [tree, ...Object.values(tree).flatMap((item) => nodesOf(item, into))];
}

/** `input.source.tags.env`, with `*` for what is not written as a name; '' for what is no reference. */
export function nameOf(term: unknown, member = 'value'): string {
  if (!isJsonObject(term) || (member === 'value' && term['type'] !== 'ref')) return '';
  const { [member]: parts } = term;
  if (!Array.isArray(parts)) return '';
  const named = ({ type }: JsonObject, at: number) => type === 'string' || at === 0;
  return parts.map((part, at) => (named(part, at) ? part.value : '*')).join('.');
}

/** Of a node that has one; '' otherwise. */
export function lineOf({ location }: JsonObject): string {
  return isJsonObject(location) ? String(location['row']) : '';
}

/** Of a rule. */
export const headOf = ({ head }: JsonObject): JsonObject => (isJsonObject(head) ? head : {});
