import type { Command as Program } from 'commander';
import { ConfigError, type ConfigSources, loadConfig } from '../config/load.ts';
import { configAsYaml, configJsonSchema } from '../config/show.ts';
import { EXIT, type Terminal } from './command.ts';
import { CommandFailure, program } from './program.ts';

export const run = program('config', (command, terminal) => {
  command.description('Look at the configuration without serving.');
  withConfigOptions(command.command('check'))
    .description('Say whether the configuration is valid; exit 64 where it is not.')
    .action((options: ConfigOptions) => {
      readConfig(options, terminal);
      terminal.stdout.write('the configuration is valid\n');
    });
  withConfigOptions(command.command('print'))
    .description('Print the configuration that would be used, defaults included.')
    .action((options: ConfigOptions) => {
      terminal.stdout.write(configAsYaml(readConfig(options, terminal)));
    });
  command
    .command('schema')
    .description('Print the JSON Schema of the configuration file.')
    .action(() => {
      terminal.stdout.write(`${JSON.stringify(configJsonSchema(), undefined, 2)}\n`);
    });
});

export interface ConfigOptions {
  readonly config?: string;
  readonly set: readonly string[];
}

/** `--config` and `--set`, for every command that reads the configuration. */
export function withConfigOptions(command: Program): Program {
  return command
    .option('--config <file>', 'YAML file')
    .option(
      '--set <path=value>',
      'override one setting, such as grpc.listen=127.0.0.1:0 (repeatable)',
      (value: string, all: readonly string[]) => [...all, value],
      [],
    );
}

/** @throws CommandFailure with exit code 64 that lists every problem. */
export function readConfig(options: ConfigOptions, terminal: Terminal) {
  const sources: ConfigSources = {
    file: options.config,
    settings: options.set,
    env: terminal.env,
  };
  try {
    return loadConfig(sources);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new CommandFailure(error.message, EXIT.usage);
  }
}
