import process from 'node:process';
import { openEmbeddedKms } from '../kms/embedded/open.ts';
import { requireLoopback } from '../kms/embedded/protections.ts';
import { createEmbeddedHandler } from '../kms/embedded/serve.ts';
import { openLog } from '../life/log.ts';
import { endSoon, watchProcess } from '../life/process.ts';
import { createHttpListener } from '../server/http/listener.ts';
import { messageOf } from '../thrown.ts';
import { CommandFailure, type Define, EXIT, type Terminal } from './command.ts';
import { examples } from './examples.ts';
import { program } from './program.ts';

/** How long requests under way may take to end. */
const DRAIN_MS = 5_000;

interface Options {
  readonly listen: string;
  readonly region: string;
  readonly account: string;
  readonly seed?: string;
  readonly stateFile?: string;
  readonly inProduction?: boolean;
}

export const define: Define = (command, terminal) => {
  command
    .description(
      'Serve the embedded KMS alone, behind AWS’s own protocol and without policy: an emulator for laptops and CI, never for production.',
    )
    .option('--listen <host:port>', 'where to listen, on loopback', '127.0.0.1:4599')
    .option('--region <region>', 'Region of seeded keys and of unsigned requests', 'us-east-1')
    .option('--account <digits>', 'account of seeded keys and of most callers', '000000000000')
    .option('--seed <file>', 'YAML file of keys to make at first start')
    .option('--state-file <file>', 'file to keep keys in; without it, only in memory')
    .option(
      '--in-production',
      'first of the two words that let it run where production is suspected',
    )
    .addHelpText(
      'after',
      examples('embedded-kms', 'embedded-kms --seed keys.yaml --state-file keys.state'),
    )
    .action((options: Options) => serve(options, terminal));
};

export const run = program('embedded-kms', define);

async function serve(options: Options, { env, stdout }: Terminal): Promise<void> {
  const log = openLog(process.stderr);
  const embedded = open(options, (sentence) => log.warn(sentence), env);
  const handler = createEmbeddedHandler({
    embedded,
    onInternal: (requestId, err) => log.error({ requestId, err }, 'a request failed'),
  });
  const listener = createHttpListener(options.listen, handler);
  const address = await listener.listen().catch(cannotStart);
  const watch = watchProcess(process, log);
  stdout.write(`embedded KMS on http://${address} (keys in ${options.stateFile ?? 'memory'})\n`);
  await watch.ending;
  await listener.drain(DRAIN_MS, watch.hurry);
  watch.release();
  endSoon(process);
}

function open(options: Options, warn: (sentence: string) => void, env: Terminal['env']) {
  const { listen, region, account, seed, stateFile, inProduction = false } = options;
  try {
    if (!/^\d{12}$/.test(account)) throw new Error(`--account ${account} is not twelve digits`);
    requireLoopback('--listen', listen);
    const settings = { region, account, seed, state_file: stateFile, in_production: inProduction };
    return openEmbeddedKms(settings, { env, warn });
  } catch (error) {
    throw new CommandFailure(messageOf(error), EXIT.usage);
  }
}

function cannotStart(error: unknown): never {
  throw new CommandFailure(messageOf(error), EXIT.failure);
}
