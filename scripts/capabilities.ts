/**
 * Writes policies/capabilities.json: what `opa` may compile into a policy, so that a builtin which the
 * proxy does not have is refused at build time. Needs OPA on the PATH; `--check` only compares.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { BUILTINS } from '../src/policy/builtins/builtins.ts';
import { NATIVE_BUILTINS } from './native-builtins.ts';

const FILE = 'policies/capabilities.json';

interface Capabilities {
  readonly builtins: readonly { readonly name: string }[];
  readonly wasm_abi_versions?: unknown;
}

// Whether an opa can run Wasm itself is no matter here, and differs between builds of one version.
const { wasm_abi_versions: _, ...current }: Capabilities = JSON.parse(
  execFileSync('opa', ['capabilities', '--current'], { encoding: 'utf8' }),
);
const ours = new Set([...NATIVE_BUILTINS, ...Object.keys(BUILTINS)]);
const builtins = current.builtins.filter(({ name }) => ours.has(name));
const fresh = `${JSON.stringify({ ...current, builtins, allow_net: [] }, null, 1)}\n`;

if (!process.argv.includes('--check')) writeFileSync(FILE, fresh);
else if (readFileSync(FILE, 'utf8') !== fresh) {
  process.stderr.write(`${FILE} is out of date: run npx node scripts/capabilities.ts\n`);
  process.exitCode = 1;
}
