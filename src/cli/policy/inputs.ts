import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isJsonObject } from '../../json/object.ts';
import type { PolicyInput } from '../../policy/input.ts';
import { CommandFailure } from '../command.ts';
import { askedBy } from './asked-by.ts';
import { completeInput } from './complete-input.ts';
import { parseDocument, readText } from './document.ts';
import { inputOfCase, toTable } from './table.ts';

export interface NamedInput {
  readonly name: string;
  readonly input: PolicyInput;
}

interface FirstInput extends NamedInput {
  /** Of an audit entry, what the mask of the policy removed or replaced. */
  readonly hidden: readonly string[];
}

/**
 * Inputs of files and folders of JSON or YAML, `-` for standard input, each completed. A file holds one, or
 * one per line, or a table of cases. @throws CommandFailure
 */
export async function inputsOf(
  paths: readonly string[],
  stdin: NodeJS.ReadableStream,
): Promise<NamedInput[]> {
  return (await documentsOf(paths, stdin)).map(toInput);
}

/**
 * The first of them; of audit entries, what the policy was asked last about the first call: its outcome has
 * that if the source key was known only then. @throws CommandFailure
 */
export async function firstInputOf(
  path: string,
  stdin: NodeJS.ReadableStream,
): Promise<FirstInput> {
  const all = await documentsOf([path], stdin);
  const id = callOf(all[0]);
  const first = id === undefined ? all[0] : all.findLast((one) => callOf(one) === id);
  if (!first) throw new CommandFailure('there is no input');
  return { ...toInput(first), hidden: hiddenIn(first.document) };
}

function callOf(named: NamedDocument | undefined): unknown {
  return isJsonObject(named?.document) ? named.document['decision_id'] : undefined;
}

/** @throws CommandFailure that names the file */
function toInput({ name, document }: NamedDocument): NamedInput {
  try {
    return { name, input: completeInput(askedBy(document)) };
  } catch (thrown) {
    if (!(thrown instanceof CommandFailure) || name === '-') throw thrown;
    throw new CommandFailure(`${name}: ${thrown.message}`);
  }
}

function hiddenIn(document: unknown): string[] {
  const { erased, masked } = isJsonObject(document) ? document : {};
  return [erased, masked].flatMap((paths) => (Array.isArray(paths) ? paths.map(String) : []));
}

interface NamedDocument {
  readonly name: string;
  readonly document: unknown;
}

async function documentsOf(
  paths: readonly string[],
  stdin: NodeJS.ReadableStream,
): Promise<NamedDocument[]> {
  const files = (await Promise.all(paths.map(filesOf))).flat();
  const read = files.map(async (name) => documentsIn(name, await readText(name, stdin)));
  return (await Promise.all(read)).flat();
}

/** Of lines of JSON, as in an audit log, those that have policy's input; all of them if none has. */
function documentsIn(name: string, text: string): NamedDocument[] {
  const lines = text.trim().split('\n');
  if (lines.length === 1 || !lines.every((line) => line.startsWith('{'))) {
    return casesOf(name, parseDocument(name, text));
  }
  const all = lines.map((line, index) => {
    const place = `${name}:${index + 1}`;
    return { name: place, document: parseDocument(place, line) };
  });
  const asked = all.filter(
    ({ document }) => isJsonObject(document) && document['input'] !== undefined,
  );
  return asked.length > 0 ? asked : all;
}

/** The inputs of a table for `policy test`; any other document is itself one input. */
function casesOf(name: string, document: unknown): NamedDocument[] {
  if (!isJsonObject(document) || !Object.hasOwn(document, 'cases')) return [{ name, document }];
  const { base, cases } = toTable(name, document);
  return cases.map((one) => ({ name: `${name}: ${one.name}`, document: inputOfCase(base, one) }));
}

async function filesOf(path: string): Promise<string[]> {
  const found = path === '-' ? undefined : await stat(path).catch(() => undefined);
  if (!found?.isDirectory()) return [path];
  const names = await readdir(path);
  return names
    .filter((name) => /\.(json|ya?ml)$/.test(name))
    .sort()
    .map((name) => join(path, name));
}
