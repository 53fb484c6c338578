import type { Check } from '../check.ts';
import type { Config } from '../config/schema.ts';
import type { Pipeline } from '../pipeline.ts';
import { createHealth } from '../server/health.ts';
import { createHttpListener } from '../server/http.ts';
import { probeHandler } from '../server/probe.ts';
import { openGrpcDoor } from './grpc-door.ts';
import { openKmsJsonDoor } from './kms-json-door.ts';
import type { Parts } from './parts.ts';
import { type Readiness, watchReadiness } from './readiness.ts';
import type { Stack } from './stack.ts';
import type { Surroundings } from './surroundings.ts';

/** What stands behind the doors. */
export interface Behind {
  readonly pipeline: Pipeline;
  readonly check: Check;
  readonly parts: Parts;
  readonly around: Surroundings;
}

/** Opens every door that is configured; the probe first, so that a slow start can be watched. */
export async function openDoors(config: Config, behind: Behind, opened: Stack) {
  const { pipeline, check, parts, around } = behind;
  const { policy, audit, turnedAway, embedded, metrics, tls } = parts;
  const { log } = around;
  const health = createHealth();
  const readiness = watchReadiness({ policy, audit, onChange: health.set }, opened);
  const probe = await openProbe(config.probe.listen, { readiness, metrics }, opened);
  const grpc = await openGrpcDoor(
    { config: config.grpc, pipeline, check, turnedAway, health, tls, metrics, log },
    opened,
  );
  const kmsJson = await openKmsJsonDoor(
    { config: config.kms_json, pipeline, turnedAway, embedded, metrics, log },
    opened,
  );
  return {
    addresses: { grpc: grpc.addresses, kmsJson: kmsJson.address, probe },
    drains: [...grpc.drains, ...kmsJson.drains],
    notServing: readiness.end,
    reload: async () => tls?.reload(),
  };
}

async function openProbe(
  address: string,
  { readiness, metrics }: { readiness: Readiness; metrics: Parts['metrics'] },
  opened: Stack,
): Promise<string> {
  const handler = probeHandler({ readiness: readiness.current, metrics: metrics.text });
  const probe = createHttpListener(address, handler);
  const bound = await probe.listen();
  opened.push(() => probe.drain(0));
  return bound;
}
