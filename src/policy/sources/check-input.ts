import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packaged } from '../../packaged.ts';

const run = promisify(execFile);
const SCHEMAS = packaged('policies/schemas');
const MASK_PACKAGE = 'system.log';

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
 * Has `opa` check Rego against the schema of the input, and the audit mask against that of audit entries, without
 * the policy having to declare it. To Rego a field that no input has is undefined and not an error: a deny with a
 * misspelt field would never deny, and a mask would never mask.
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

/** The packages to annotate, without those that have their own annotation. */
function rootsOf(files: readonly RegoFile[]): string[] {
  const roots = files.map(({ text }) => rootOf(packageOf(text)));
  const noted = files.filter(({ text }) => text.includes('scope: subpackages'));
  const others = new Set(['', ...noted.map(({ text }) => packageOf(text))]);
  return [...new Set(roots)].filter((root) => !others.has(root));
}

/** The first part of a package's name; of `system`, which is OPA's own, only the mask is for us. */
function rootOf(name: string): string {
  const [root = ''] = name.split('.');
  if (root !== 'system') return root;
  return name === MASK_PACKAGE ? MASK_PACKAGE : '';
}

const packageOf = (text: string): string => /^package\s+([A-Za-z_][\w.]*)/m.exec(text)?.[1] ?? '';

/** Applies to all packages below, except rules and packages that name a schema themselves. */
const noteFor = (root: string) => `# METADATA
# scope: subpackages
# schemas:
#   - input: schema.${root === MASK_PACKAGE ? 'audit' : 'input'}
package ${root}
`;
