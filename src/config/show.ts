import { Document } from 'yaml';
import { z } from 'zod';
import { loggable } from '../addresses/location.ts';
import { idleIn } from './idle.ts';
import { type Config, configSchema } from './schema.ts';

/**
 * The configuration as YAML, without defaults that do nothing, which nobody is to take for more.
 * Secrets stand in files, so that none can be shown; URLs lose their passwords and queries.
 */
export function configAsYaml(config: Config): string {
  const yaml = new Document(config, (_key, value: unknown) =>
    typeof value === 'string' && /^https?:.*[@?]/.test(value) ? loggable(value) : value,
  );
  for (const { at } of idleIn(config)) yaml.deleteIn(at);
  return yaml.toString();
}

/** JSON Schema (draft 2020-12) of the configuration file. */
export function configJsonSchema(): object {
  return z.toJSONSchema(configSchema, { io: 'input' });
}
