import { type Command, Option } from 'commander';
import type { Bundle } from '../../policy/bundle/bundle.ts';
import { SIGNATURES_FILE, type Verification } from '../../policy/bundle/signature.ts';
import { readVerificationKey } from '../../policy/bundle/verification-key.ts';
import { SAMPLES } from '../../policy/samples.ts';
import { SIGNING_ALGORITHMS, type SigningAlgorithm } from '../../signing-algorithms.ts';
import { messageOf } from '../../thrown.ts';
import { CommandFailure, type Terminal } from '../command.ts';
import { examples } from '../examples.ts';
import { printable } from '../printable.ts';
import { inputsOf } from './inputs.ts';
import type { LimitOptions } from './limits.ts';
import { prove, readPolicy, refuseOverdue } from './open.ts';

interface CheckOptions extends LimitOptions {
  readonly samples: readonly string[];
  readonly verificationKey?: string;
  readonly algorithm?: SigningAlgorithm;
  readonly keyId?: string;
  readonly scope: string;
}

/** `policy check`: everything that a proxy asks of a bundle before it lets it decide. */
export function defineCheck(command: Command, terminal: Terminal): void {
  command
    .command('check <bundle>')
    .description(
      'Say whether a proxy would take a bundle (file, folder of Rego or URL). Exits 1 if not.',
    )
    .option(
      '--samples <path...>',
      'more inputs that must get a decision (JSON or YAML, one a file or a line)',
      [],
    )
    .option('--verification-key <file>', 'PEM file of the public key that verifies the bundle')
    .addOption(
      new Option(
        '--algorithm <name>',
        'algorithm of that key (default: the usual one of its type, such as RS256)',
      ).choices(SIGNING_ALGORITHMS),
    )
    .option('--key-id <id>', 'id of that key, if the signature names another')
    .option('--scope <text>', 'scope that the signature must name', '')
    .addHelpText(
      'after',
      examples(
        'policy check bundle.tar.gz',
        'policy check bundle.tar.gz --verification-key public.pem',
      ),
    )
    .action(async (location: string, options: CheckOptions) => {
      const verification = verificationOf(options);
      const bundle = await readPolicy(location, options, verification);
      const generation = await prove(location, bundle, options);
      const inputs = await inputsOf(options.samples, terminal.stdin);
      for (const { name, input } of inputs) {
        const evaluation = generation.judge(JSON.stringify(input), input.time.unix_ms);
        if (evaluation.failure === '') continue;
        const why = evaluation.reasons[0]?.message ?? '';
        throw new CommandFailure(`no decision for ${name}: ${evaluation.failure}, ${why}`);
      }
      refuseOverdue(bundle);
      const { revision, digest } = bundle;
      const answered = Object.keys(SAMPLES).length + inputs.length;
      terminal.stdout.write(
        `revision ${printable(revision) || '(none)'}\nsha256   ${digest}\nsigned   ${signedBy(bundle, options.verificationKey, verification)}\nends     ${endOf(bundle)}\nsamples  ${answered} answered\n`,
      );
    });
}

/** Shows an author who meant another field of the metadata to be the end that it is not. */
function endOf({ notAfter, metadata }: Bundle): string {
  if (notAfter !== Infinity) return new Date(notAfter).toISOString();
  const others = Object.keys(metadata);
  return others.length === 0
    ? 'never'
    : `never: metadata has ${printable(others.join(', '))}, no not_after`;
}

/** A bundle can pass without its signature having been verified: says so. */
function signedBy({ files }: Bundle, file = '', verification?: Verification): string {
  const [key] = Object.values(verification?.keys ?? {});
  if (key) return `by ${file}, ${key.algorithm}`;
  return files.has(SIGNATURES_FILE) ? 'yes, and not verified: name --verification-key' : 'no';
}

function verificationOf(options: CheckOptions): Verification | undefined {
  const { verificationKey, algorithm, keyId = 'default', scope } = options;
  if (verificationKey === undefined) return undefined;
  try {
    const key = readVerificationKey(verificationKey, algorithm);
    return { keys: { [keyId]: key }, keyId, scope };
  } catch (cause) {
    throw new CommandFailure(`--verification-key: ${messageOf(cause)}`);
  }
}
