import type { Buffer } from 'node:buffer';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { notRegular } from '../../files/regular.ts';
import { packaged } from '../../packaged.ts';
import { BundleFault } from '../bundle/fault.ts';
import { refuseLostFields } from '../bundle/manifest.ts';
import { ENTRYPOINT, optionalIn } from '../entrypoints.ts';
import { checkInput, type RegoFile } from './check-input.ts';
import { refuseRepeatedKeys } from './refuse-repeated.ts';
import { isPolicy, isRead } from './rego-folder.ts';

const run = promisify(execFile);
const BUILTINS = ['--capabilities', packaged('policies/capabilities.json')];
const BUILD_TIMEOUT_MS = 60_000;
/** `opa` does not say that it would know the function if it were not for our capabilities. */
const NO_BUILTIN =
  '; if that is a builtin of OPA, the proxy does not have it: write template strings, $"…{x}", for sprintf, and put into data what http.send would fetch';

interface CompileOptions {
  /** Folder of `.rego` files and `data.json`. */
  readonly folder: string;
  /** Instead of the revision in the folder's `.manifest`. */
  readonly revision?: string | undefined;
  /** More flags for `opa build`, for signing. */
  readonly flags?: readonly string[];
}

/**
 * Has `opa` build a bundle without tests; refuses builtins that the proxy lacks and fields that no input has.
 * `opa` runs inside the folder, because the paths are part of the bundle's bytes. @throws BundleFault
 */
export async function compileFolder(options: CompileOptions): Promise<Buffer> {
  const { folder, revision, flags = [] } = options;
  const files = await readRego(folder);
  const manifest = join(folder, '.manifest');
  if (existsSync(manifest)) refuseLostFields(await readFile(manifest, 'utf8'));
  const work = await mkdtemp(join(tmpdir(), 'kms-reencrypt-policy-'));
  const output = join(work, 'bundle.tar.gz');
  const args = ['build', '--bundle', '.', '--target', 'wasm', '--output', output];
  args.push('--ignore', '*_test.rego', ...BUILTINS);
  const entrypoints = [ENTRYPOINT, ...optionalIn(files.map(({ text }) => text))];
  for (const entrypoint of entrypoints) args.push('--entrypoint', entrypoint);
  if (revision !== undefined) args.push('--revision', revision);
  try {
    await run('opa', [...args, ...flags], { cwd: folder, timeout: BUILD_TIMEOUT_MS });
    await refuseRepeatedKeys(folder);
    await checkInput({ folder, files, flags: BUILTINS, work, timeout: BUILD_TIMEOUT_MS });
    return await readFile(output);
  } catch (cause) {
    if (cause instanceof BundleFault) throw cause;
    throw new BundleFault(sentenceFor(folder, cause), { cause });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The policy, without its tests. @throws BundleFault if there is none */
async function readRego(folder: string): Promise<RegoFile[]> {
  const names = await readdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw new BundleFault(`there is no folder of Rego at ${folder} that can be read`, { cause });
  });
  for (const name of names.filter(isRead)) await refuseOther(join(folder, name));
  const policies = names.filter(isPolicy);
  if (policies.length === 0) {
    throw new BundleFault(`${folder} has no .rego file; name a folder of Rego or a built bundle`);
  }
  const read = policies.map(async (name) => ({
    name,
    text: await readFile(join(folder, name), 'utf8'),
  }));
  return Promise.all(read);
}

/** `opa` would wait for whoever writes into a FIFO. */
async function refuseOther(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found && !found.isFile()) throw new BundleFault(notRegular(path));
}

function sentenceFor(folder: string, cause: unknown): string {
  const { code, stdout = '', stderr = '' } = cause as Partial<Record<string, string>>;
  if (code === 'ENOENT') {
    return `${folder} is a folder of Rego, and opa is not on the PATH to compile it; install OPA, or build a bundle where OPA is, by kms-reencrypt-proxy policy build, and name that`;
  }
  const said = `${stderr}${stdout}`.trim().replaceAll('\t', '  ') || String(cause);
  const builtin = said.includes('undefined function') ? NO_BUILTIN : '';
  return `opa cannot build ${folder}: ${said}${builtin}`;
}
