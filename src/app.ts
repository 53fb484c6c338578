import { openDoors } from './app/doors.ts';
import { readLimits, tooFewFiles } from './app/open-files.ts';
import { composeParts } from './app/parts.ts';
import { createStack, type Stack } from './app/stack.ts';
import { composeStages } from './app/stages.ts';
import type { Surroundings } from './app/surroundings.ts';
import { createCheck } from './check.ts';
import type { Config } from './config/schema.ts';
import type { EmbeddedKms } from './kms/embedded/embedded.ts';
import { shutDown } from './life/shutdown.ts';
import { createPipeline } from './pipeline.ts';

/** Where the proxy listens, as bound; '' for a door that is off. */
interface Addresses {
  readonly grpc: readonly string[];
  readonly kmsJson: string;
  readonly probe: string;
  readonly admin: string;
}

/** A running proxy. */
export interface App {
  readonly addresses: Addresses;
  readonly embedded: EmbeddedKms | undefined;
  /**
   * Reports NOT_SERVING, takes no new call, lets accepted ones end, and resolves when everything is
   * closed. Once `hurry` is aborted, it cuts what still runs.
   */
  stop(hurry?: AbortSignal): Promise<void>;
  /** Reloads policy and certificates, as on SIGHUP. */
  reload(): Promise<void>;
  /** The last audit entry of a process that must not go on; blocks for half a second at most. */
  lastWords(cause: string): void;
}

/** Puts the stages together and opens the doors. If one step fails, everything opened is closed again. */
export async function startApp(config: Config, around: Surroundings): Promise<App> {
  const opened = createStack();
  try {
    return await compose(config, around, opened);
  } catch (error) {
    await opened.close();
    throw error;
  }
}

async function compose(config: Config, around: Surroundings, opened: Stack): Promise<App> {
  const fewFiles = tooFewFiles(config, readLimits());
  if (fewFiles !== '') around.log.warn(fewFiles);
  const parts = await composeParts(config, around, opened);
  const stages = await composeStages(config, { parts, around }, opened);
  const spines = { pipeline: createPipeline(stages), check: createCheck(stages) };
  const doors = await openDoors(
    config,
    { ...spines, identify: stages.identify, parts, around },
    opened,
  );
  const { lame_duck_ms: lameDuckMs, drain_ms: drainMs } = config.life;
  const { drains, notServing } = doors;

  return {
    addresses: doors.addresses,
    embedded: parts.embedded,
    async stop(hurry = new AbortController().signal) {
      await shutDown({ notServing, drains, lameDuckMs, drainMs, hurry });
      await opened.close();
    },
    async reload() {
      // First, even if the others fail: until then, a file that was moved looks tampered with.
      parts.audit.reopen();
      await Promise.all([parts.policy.reload(), doors.reload()]);
    },
    lastWords: (cause) => void parts.audit.crash(cause),
  };
}
