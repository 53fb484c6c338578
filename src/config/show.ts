import { stringify } from 'yaml';
import { z } from 'zod';
import { type Config, configSchema } from './schema.ts';

/** The configuration as YAML. Secrets stand in files, so that none can be shown; URLs lose theirs. */
export function configAsYaml(config: Config): string {
  return stringify(config, (_key, value: unknown) =>
    typeof value === 'string' ? value.replace(/\/\/[^/@\s]*@/, '//***@') : value,
  );
}

/** JSON Schema (draft 2020-12) of the configuration file. */
export function configJsonSchema(): object {
  return z.toJSONSchema(configSchema, { io: 'input' });
}
