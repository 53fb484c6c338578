import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packaged } from '../../packaged.ts';

const run = promisify(execFile);
const SCHEMAS = packaged('policies/schemas');

/** A file of Rego, by its path in the folder. */
export interface RegoFile {
  readonly name: string;
  readonly text: string;
}

interface CheckOptions {
  readonly folder: string;
  readonly files: readonly RegoFile[];
  /** The flags that `opa build` was given too. */
  readonly flags: readonly string[];
  /** An empty folder for temporary files. */
  readonly work: string;
  readonly timeout: number;
}

/**
 * Has `opa` check Rego against the schema of the input, without the policy having to declare it. To Rego a field
 * that no input has is undefined and not an error: a deny with a misspelt field would never deny.
 * @throws what `execFile` does
 */
export async function checkInput(options: CheckOptions): Promise<void> {
  const { folder, files, flags, work, timeout } = options;
  const notes = rootsOf(files).map(async (root) => {
    const path = join(work, `${root}.rego`);
    await writeFile(path, noteFor(root));
    return path;
  });
  const paths = [...files.map(({ name }) => name), ...(await Promise.all(notes))];
  await run('opa', ['check', '--schema', SCHEMAS, ...flags, ...paths], { cwd: folder, timeout });
}

/** First parts of package names, without `system`: the mask's input is an audit entry, not a call. */
function rootsOf(files: readonly RegoFile[]): string[] {
  const roots = files.map(({ text }) => packageOf(text).split('.')[0] ?? '');
  const noted = files.filter(({ text }) => text.includes('scope: subpackages'));
  const others = new Set(['', 'system', ...noted.map(({ text }) => packageOf(text))]);
  return [...new Set(roots)].filter((root) => !others.has(root));
}

const packageOf = (text: string): string => /^package\s+([A-Za-z_][\w.]*)/m.exec(text)?.[1] ?? '';

/** Applies to all packages below, except rules and packages that name a schema themselves. */
const noteFor = (root: string) => `# METADATA
# scope: subpackages
# schemas:
#   - input: schema.input
package ${root}
`;
