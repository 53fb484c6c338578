import { existsSync } from 'node:fs';
import { realpath, stat, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { writeWhole } from '../../files/write-whole.ts';
import { parseJson } from '../../json/exact.ts';
import { readBundle } from '../../policy/bundle/bundle.ts';
import { compileFolder } from '../../policy/sources/compile.ts';
import { CommandFailure, EXIT, type Terminal } from '../command.ts';
import { examples } from '../examples.ts';
import { printable } from '../printable.ts';
import { warnLeftOut } from './left-out.ts';
import type { LimitOptions } from './limits.ts';
import { prove, refuseOverdue, told } from './open.ts';
import { parseFolder } from './parse-folder.ts';
import { refuseOtherKey } from './signing-key.ts';
import { invalidDecisions } from './warn-invalid.ts';
import { undefinedDenials } from './warn-undefined.ts';

interface BuildOptions extends LimitOptions {
  readonly output: string;
  readonly revision?: string;
  readonly signingKey?: string;
  readonly signingAlg?: string;
  readonly claimsFile?: string;
}

/** `policy build`: opa with the proxy's capabilities, and proof that the proxy would take the result. */
export function defineBuild(command: Command, terminal: Terminal): void {
  command
    .command('build <folder>')
    .description('Build a bundle from a folder of Rego, by the opa that is on the PATH.')
    .option('--output <file>', 'where to write it', 'bundle.tar.gz')
    .option('--revision <text>', 'revision, instead of the one in .manifest')
    .option('--signing-key <file>', 'PEM file of the private key to sign with')
    .option('--signing-alg <name>', 'RS256, ES256, …; RS256 if left out')
    .option('--claims-file <file>', 'JSON with keyid and scope for the signature')
    .addHelpText(
      'after',
      examples(
        'policy build policy --output p.tar.gz --revision 2026-12',
        'policy build policy --signing-key private.pem',
      ),
    )
    .action(async (folder: string, options: BuildOptions) => {
      const { output } = options;
      const { archive, bundle } = await make(folder, options).catch(async (cause: unknown) => {
        // Where data is missing, the file beside it is why. No folder, no files.
        await warnLeftOut(folder, terminal.stderr).catch(() => {});
        return leave(output, cause);
      });
      await put(output, archive).catch((cause: Error) => {
        throw new CommandFailure(`${output} cannot be written: ${cause.message}`);
      });
      await warnLeftOut(folder, terminal.stderr);
      const data = parseJson(new TextDecoder().decode(bundle.data));
      const files = await parseFolder(folder);
      for (const warning of [...undefinedDenials(files, data), ...invalidDecisions(files)]) {
        terminal.stderr.write(`kms-reencrypt-proxy policy: ${printable(warning)}\n`);
      }
      terminal.stdout.write(`${output}: ${bundle.revision || '(no revision)'} ${bundle.digest}\n`);
    });
}

/** @throws CommandFailure if it cannot be built, or a proxy would not take it */
async function make(folder: string, options: BuildOptions) {
  const { revision } = options;
  const flags = signingFlags(options);
  return told(folder, async () => {
    const archive = await compileFolder({ folder, revision, flags });
    const bundle = readBundle(archive, { maxBytes: options.sizeLimitBytes });
    await prove(folder, bundle, options);
    refuseOverdue(bundle);
    return { archive, bundle };
  });
}

/** Without a key, opa would silently ignore the other flags and sign nothing. @throws CommandFailure */
function signingFlags({ signingKey, signingAlg, claimsFile }: BuildOptions): string[] {
  if (signingKey === undefined) {
    const stray = [signingAlg && '--signing-alg', claimsFile && '--claims-file'].find(Boolean);
    if (stray) throw new CommandFailure(`${stray} has no effect without --signing-key`, EXIT.usage);
    return [];
  }
  const algorithm = signingAlg ?? 'RS256';
  refuseOtherKey(signingKey, algorithm);
  const claims = claimsFile === undefined ? [] : ['--claims-file', resolve(claimsFile)];
  return ['--signing-key', resolve(signingKey), '--signing-alg', algorithm, ...claims];
}

/** A link stays a link, and what is no file, such as `/dev/stdout`, is not replaced. */
async function put(output: string, archive: Buffer): Promise<void> {
  const found = await stat(output).catch(() => undefined);
  if (found && !found.isFile()) return writeFile(output, archive);
  return writeWhole(found ? await realpath(output) : output, archive, 0o666);
}

/** An archive from before stays, because a proxy may serve from it; what comes next would take it for the new one. */
function leave(output: string, cause: unknown): never {
  if (!(cause instanceof CommandFailure) || !existsSync(output)) throw cause;
  throw new CommandFailure(`${output} is left as it was: ${cause.message}`, cause.exitCode);
}
