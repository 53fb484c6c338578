import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import type { PolicyInput } from '../../policy/input.ts';
import { CommandFailure } from '../program.ts';
import { askedBy } from './asked-by.ts';
import { completeInput } from './complete-input.ts';
import { readText } from './open.ts';

export interface NamedInput {
  readonly name: string;
  readonly input: PolicyInput;
}

/** Inputs of files and folders of JSON or YAML, `-` for standard input, each completed. @throws CommandFailure */
export async function inputsOf(
  paths: readonly string[],
  stdin: NodeJS.ReadableStream,
): Promise<NamedInput[]> {
  const files = (await Promise.all(paths.map(filesOf))).flat();
  return Promise.all(
    files.map(async (name) => ({
      name,
      input: completeInput(askedBy(documentIn(name, await readText(name, stdin)))),
    })),
  );
}

/** Of lines of JSON, as an audit log has of one call, the first that says what policy was asked. */
function documentIn(name: string, text: string): unknown {
  const lines = text.trim().split('\n');
  if (lines.length === 1 || !lines.every((line) => line.startsWith('{'))) {
    return parseDocument(name, text);
  }
  const documents = lines.map((line) => parseDocument(name, line));
  return documents.find((one) => (one as { input?: unknown }).input !== undefined) ?? documents[0];
}

/** @throws CommandFailure */
export function parseDocument(name: string, text: string): unknown {
  try {
    return parseYaml(text);
  } catch {
    throw new CommandFailure(`${name} is neither JSON nor YAML`);
  }
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
