import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CORE, type Running, startPinned } from './processes.ts';

const execute = promisify(execFile);

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LAB = join(ROOT, '.work', 'bench');

/** Credentials for signing that give access to nothing. */
export const AWS_ENV = {
  AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  AWS_REGION: 'eu-west-1',
  AWS_EC2_METADATA_DISABLED: 'true',
};

/** What the measurements run on. */
export interface Lab {
  readonly folder: string;
  /** Command line that makes load: the Go one, or the slower one of Node. */
  readonly load: readonly string[];
  /** The Go peer's binary, or why there is none. */
  readonly peer: { readonly binary: string } | { readonly missing: string };
  readonly kms: Running & { readonly url: string };
  /** A bundle of the example policy with this many rules, each for a different principal. */
  bundle(rules: number): Promise<string>;
  /** The same as a folder of Rego and data, for peers that compile it themselves. */
  policy(rules: number): Promise<string>;
  close(): Promise<void>;
}

/** Builds what has to be built, and starts the fake KMS. */
export async function openLab(): Promise<Lab> {
  rmSync(LAB, { recursive: true, force: true });
  mkdirSync(LAB, { recursive: true });
  await buildPackage();
  const load = await build('load');
  const peer = await build('peer');
  const command =
    'binary' in load ? [load.binary] : [process.execPath, join(ROOT, 'bench/load/main.ts')];
  const kms = await startKms(command);
  return {
    folder: LAB,
    load: command,
    peer,
    kms,
    bundle: buildBundle,
    policy: copyPolicy,
    close: () => kms.stop(),
  };
}

/** The package as users run it: bundled, without type stripping at start. */
async function buildPackage(): Promise<void> {
  await execute(process.execPath, ['scripts/build.ts'], { cwd: ROOT });
}

async function build(name: string): Promise<{ binary: string } | { missing: string }> {
  const binary = join(LAB, name);
  try {
    await execute('go', ['build', '-o', binary, `./${name}`], {
      cwd: join(ROOT, 'bench/peers/go'),
      maxBuffer: 64 * 1024 * 1024,
    });
    return { binary };
  } catch (error) {
    const [line = ''] = String(error instanceof Error ? error.message : error).split('\n');
    return { missing: `go build ./${name} failed: ${line}` };
  }
}

async function startKms([command = '', ...args]: readonly string[]) {
  const start = { core: CORE.around, command, args: [...args, 'kms'], cwd: ROOT };
  const running = await startPinned(start, /listening on (\S+)/);
  return { ...running, url: `http://${running.match[1]}` };
}

/** The committed bundle with other data: the module stays as it is. */
async function buildBundle(rules: number): Promise<string> {
  const folder = join(LAB, `bundle-${rules}`);
  const file = `${folder}.tar.gz`;
  if (existsSync(file)) return file;
  mkdirSync(folder, { recursive: true });
  await execute('tar', ['xzf', join(ROOT, 'policies/bundle.tar.gz'), '-C', folder]);
  const data = JSON.parse(readFileSync(join(folder, 'data.json'), 'utf8'));
  Object.assign(data.kms_reencrypt.principals, principals(rules, data));
  writeFileSync(join(folder, 'data.json'), JSON.stringify(data));
  await execute('tar', ['czf', file, '-C', folder, '.']);
  return file;
}

async function copyPolicy(rules: number): Promise<string> {
  const folder = join(LAB, `policy-${rules}`);
  cpSync(join(ROOT, 'policies/example'), folder, { recursive: true });
  const bundle = (await buildBundle(rules)).replace(/\.tar\.gz$/, '');
  cpSync(join(bundle, 'data.json'), join(folder, 'data.json'));
  return folder;
}

type Principals = Record<string, { readonly kinds: readonly string[]; readonly rules: unknown }>;

/** The load is anonymous, or known by its socket or certificate; all have the same rights. */
function principals(rules: number, data: { kms_reencrypt: { principals: Principals } }) {
  const allowed = data.kms_reencrypt.principals['anonymous']?.rules;
  const all: Principals = {
    'spiffe://bench.example/load': { kinds: ['spiffe'], rules: allowed },
    load: { kinds: ['uds'], rules: allowed },
  };
  for (let index = 3; index < rules; index += 1) {
    const name = `spiffe://bench.example/service-${index}`;
    const keys = { keys: [`alias/service-${index}`] };
    const rule = { id: `rule-${index}`, source: keys, destination: keys };
    all[name] = { kinds: ['spiffe'], rules: [rule] };
  }
  return all;
}
