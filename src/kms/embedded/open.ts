import { createEmbeddedKms, type EmbeddedKms } from './embedded.ts';
import { type Env, protect } from './protections.ts';
import { readSeed } from './seed.ts';

/** `kms.embedded` of the configuration. */
interface EmbeddedSettings {
  readonly region: string;
  readonly account: string;
  readonly state_file?: string | undefined;
  readonly seed?: string | undefined;
  readonly in_production: boolean;
}

interface Surroundings {
  readonly env: Env;
  readonly warn: (sentence: string) => void;
}

/**
 * An embedded KMS as configured, where one may run at all.
 * @throws Error with a sentence for whoever starts the process.
 */
export function openEmbeddedKms(
  settings: EmbeddedSettings,
  { env, warn }: Surroundings,
): EmbeddedKms {
  protect({ env, warn, inProduction: settings.in_production });
  return createEmbeddedKms({
    region: settings.region,
    account: settings.account,
    now: Date.now,
    stateFile: settings.state_file,
    seed: settings.seed === undefined ? undefined : readSeed(settings.seed),
  });
}
