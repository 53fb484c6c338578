import { randomUUID } from 'node:crypto';
import type { Config } from '../config/schema.ts';
import type { Refusal } from '../errors.ts';
import type { EmbeddedKms } from '../kms/embedded/embedded.ts';
import { measureRequests } from '../metrics/http.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Pipeline } from '../pipeline.ts';
import { createHttpListener, type HttpListener } from '../server/http/listener.ts';
import { readAccessKeys } from '../server/kms-json/access-keys.ts';
import { createKmsJsonHandler } from '../server/kms-json/handler.ts';
import { ofSetting } from './of-setting.ts';
import type { Stack } from './stack.ts';
import type { Surroundings } from './surroundings.ts';

/** AWS's protocol has no deadlines; SDKs wait longer by default. */
const DEADLINE_MS = 5_000;

interface KmsJsonDoorParts {
  readonly config: Config['kms_json'];
  readonly pipeline: Pipeline;
  readonly turnedAway: (refusal: Refusal) => void;
  readonly embedded: EmbeddedKms | undefined;
  readonly metrics: Metrics;
  readonly log: Surroundings['log'];
}

interface KmsJsonDoor {
  /** As bound; '' if the door is not configured. */
  readonly address: string;
  readonly drains: readonly HttpListener['drain'][];
}

/** The door for AWS SDKs and CLIs, open if it is configured. */
export async function openKmsJsonDoor(
  parts: KmsJsonDoorParts,
  opened: Stack,
): Promise<KmsJsonDoor> {
  const { config, pipeline, turnedAway, embedded, metrics, log } = parts;
  if (config.listen === undefined) return { address: '', drains: [] };
  const handler = createKmsJsonHandler({
    pipeline,
    turnedAway,
    accessKeys: readAccessKeys(config.access_keys),
    maxClockSkewMs: config.max_clock_skew_ms,
    deadlineMs: DEADLINE_MS,
    others: embedded && ((operation, body) => embedded.invoke(operation, () => body)),
    now: Date.now,
    newId: randomUUID,
    onInternal: (decision_id, err) => log.error({ decision_id, err }, 'a call failed inside'),
  });
  const measured = measureRequests(handler, metrics.http);
  const listener = createHttpListener(config.listen, measured, {
    maxConnections: config.max_connections,
    onRefused: () => metrics.connectionRefused('kms_json', 'too_many_connections'),
  });
  const address = await ofSetting('kms_json.listen', listener.listen);
  opened.push(() => listener.drain(0));
  return { address, drains: [listener.drain] };
}
