import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { readBundle } from '../../policy/bundle/bundle.ts';
import { BundleFault } from '../../policy/bundle/fault.ts';
import { compileFolder } from '../../policy/sources/compile.ts';
import type { Terminal } from '../command.ts';
import { CommandFailure } from '../program.ts';
import { type MemoryOption, prove } from './open.ts';

interface BuildOptions extends MemoryOption {
  readonly output: string;
  readonly revision?: string;
  readonly signingKey?: string;
  readonly signingAlg: string;
  readonly claimsFile?: string;
}

/** `policy build`: opa with the proxy's capabilities, and proof that the proxy would take the result. */
export function defineBuild(command: Command, terminal: Terminal): void {
  command
    .command('build <folder>')
    .description('Build a bundle from a folder of Rego, by the opa that is on the PATH.')
    .option('--output <file>', 'where to write it', 'bundle.tar.gz')
    .option('--revision <text>', 'instead of the revision in the .manifest')
    .option('--signing-key <file>', 'PEM of the private key to sign by')
    .option('--signing-alg <name>', 'RS256, ES256, …', 'RS256')
    .option('--claims-file <file>', 'JSON with keyid and scope for the signature')
    .action(async (folder: string, options: BuildOptions) => {
      const archive = await compile(folder, options);
      const { bundle } = await prove(folder, readBundle(archive), options);
      await writeFile(options.output, archive).catch((cause: Error) => {
        throw new CommandFailure(`${options.output} cannot be written: ${cause.message}`);
      });
      terminal.stdout.write(`${options.output}: ${bundle.revision} ${bundle.digest}\n`);
    });
}

async function compile(folder: string, options: BuildOptions) {
  const { revision, signingKey, signingAlg, claimsFile } = options;
  const flags = signingKey === undefined ? [] : ['--signing-key', resolve(signingKey)];
  if (signingKey !== undefined) flags.push('--signing-alg', signingAlg);
  if (claimsFile !== undefined) flags.push('--claims-file', resolve(claimsFile));
  try {
    return await compileFolder({ folder, revision, flags });
  } catch (cause) {
    if (cause instanceof BundleFault) throw new CommandFailure(cause.message);
    throw cause;
  }
}
