import type { Command as Program } from 'commander';
import { ConfigError, loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { configAsYaml, configJsonSchema } from '../config/show.ts';
import { CommandFailure, type Define, EXIT, type Terminal } from './command.ts';
import { examples } from './examples.ts';
import { gather } from './gather.ts';
import { program } from './program.ts';

export const define: Define = (command, terminal) => {
  command.description('Look at the configuration without serving.');
  withConfigOptions(command.command('check'))
    .description(
      'Report all that is wrong: exit 64 if the configuration is not valid, 1 if what it names cannot be used here. Nothing is made or locked, and no service is asked.',
    )
    .option('--no-files', 'do not look at the files that it names, which are elsewhere')
    .option(
      '--json',
      'print {valid, problems} as JSON; valid is about the settings, not the files they name',
    )
    .addHelpText(
      'after',
      examples(
        'config check --config config.yaml',
        'config check --config config.yaml --no-files --json',
      ),
    )
    .action((options: CheckOptions) => check(options, terminal));
  withConfigOptions(command.command('print'))
    .description('Print the configuration that would be used, with the defaults that do something.')
    .addHelpText('after', examples('config print --set kms.backend=embedded'))
    .action((options: ConfigOptions) => {
      terminal.stdout.write(configAsYaml(readConfig(options, terminal)));
    });
  command
    .command('schema')
    .description('Print the JSON Schema of the configuration file.')
    .addHelpText('after', examples('config schema > config.schema.json'))
    .action(() => {
      terminal.stdout.write(`${JSON.stringify(configJsonSchema(), undefined, 2)}\n`);
    });
};

export const run = program('config', define);

export interface ConfigOptions {
  readonly config?: string;
  readonly set?: readonly string[];
}

interface CheckOptions extends ConfigOptions {
  readonly files: boolean;
  readonly json?: boolean;
}

async function check(options: CheckOptions, terminal: Terminal): Promise<void> {
  const { valid, problems } = await examine(options, terminal);
  if (options.json) {
    terminal.stdout.write(`${JSON.stringify({ valid, problems }, undefined, 2)}\n`);
  }
  if (!valid) throw new CommandFailure(new ConfigError(problems).message, EXIT.usage);
  if (problems.length > 0) {
    throw new CommandFailure(
      `what the configuration names cannot be used:\n  ${problems.join('\n  ')}`,
    );
  }
  if (!options.json) terminal.stdout.write('the configuration is valid\n');
}

async function examine(options: CheckOptions, terminal: Terminal) {
  try {
    const config = load(options, terminal);
    if (!options.files) return { valid: true, problems: [] };
    const { preflight } = await import('../app/preflight.ts');
    return { valid: true, problems: await preflight(config, terminal.env) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { valid: false, problems: error.problems };
  }
}

/** `--config` and `--set`, for every command that reads the configuration. */
export function withConfigOptions(command: Program): Program {
  return command
    .option('--config <file>', 'YAML file')
    .option(
      '--set <path=value>',
      'override one setting, such as grpc.listen=127.0.0.1:0 (repeatable)',
      gather,
    );
}

/** @throws CommandFailure with exit code 64 that lists every problem. */
export function readConfig(options: ConfigOptions, terminal: Terminal): Config {
  try {
    return load(options, terminal);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new CommandFailure(error.message, EXIT.usage);
  }
}

/** @throws ConfigError */
function load({ config: file, set: settings = [] }: ConfigOptions, { env }: Terminal): Config {
  try {
    return loadConfig({ file, settings, env });
  } catch (error) {
    if (file !== undefined || !(error instanceof ConfigError)) throw error;
    throw new ConfigError([...error.problems, 'no file was read: --config names one']);
  }
}
