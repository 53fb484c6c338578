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

export interface CheckOptions {
  readonly folder: string;
  readonly files: readonly RegoFile[];
  /** Flags that `opa build` has had too. */
  readonly flags: readonly string[];
  /** Empty folder, for what is made on the way. */
  readonly work: string;
  readonly timeout: number;
}

/**
 * Has `opa` check Rego against the schema of the input, of which it need not say so itself. A field that no input
 * has is undefined and no error: a deny that is misspelt so would never deny. @throws what `execFile` does
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

/** Names that packages begin with. The mask's input is an entry of the audit log, and no call. */
function rootsOf(files: readonly RegoFile[]): string[] {
  const roots = files.map(({ text }) => packageOf(text).split('.')[0] ?? '');
  const noted = files.filter(({ text }) => text.includes('scope: subpackages'));
  const others = new Set(['', 'system', ...noted.map(({ text }) => packageOf(text))]);
  return [...new Set(roots)].filter((root) => !others.has(root));
}

const packageOf = (text: string): string => /^package\s+([A-Za-z_][\w.]*)/m.exec(text)?.[1] ?? '';

/** Holds for every package beneath, but for rules and packages that name a schema themselves. */
const noteFor = (root: string) => `# METADATA
# scope: subpackages
# schemas:
#   - input: schema.input
package ${root}
`;
