import type { RequestListener } from 'node:http';
import type { Check } from '../check.ts';
import type { Config } from '../config/schema.ts';
import type { Pipeline } from '../pipeline.ts';
import { createHealth } from '../server/health.ts';
import { adminHandler } from '../server/http/admin.ts';
import { createHttpListener } from '../server/http/listener.ts';
import { probeHandler } from '../server/http/probe.ts';
import type { Stages } from '../stages.ts';
import { openGrpcDoor } from './grpc-door.ts';
import { openKmsJsonDoor } from './kms-json-door.ts';
import { itemsAtOnce, mostStreams } from './limits.ts';
import { ofSetting } from './of-setting.ts';
import type { Parts } from './parts.ts';
import { watchReadiness } from './readiness.ts';
import type { Stack } from './stack.ts';
import type { Surroundings } from './surroundings.ts';

/** What stands behind the doors. */
interface Behind {
  readonly pipeline: Pipeline;
  readonly check: Check;
  readonly identify: Stages['identify'];
  readonly parts: Parts;
  readonly around: Surroundings;
}

/** Opens every door that is configured; the probe first, so that a slow start can be watched. */
export async function openDoors(config: Config, behind: Behind, opened: Stack) {
  const { pipeline, check, identify, parts, around } = behind;
  const { policy, audit, turnedAway, embedded, metrics, tls } = parts;
  const { log } = around;
  const health = createHealth();
  const onStale = (why: string) =>
    why === ''
      ? log.info('the policy can be used again')
      : log.error(`the policy cannot be used, so every call is refused: ${why}`);
  const readiness = watchReadiness({ policy, audit, onChange: health.set, onStale }, opened);
  const full = (door: 'probe' | 'admin') => () =>
    metrics.connectionRefused(door, 'too_many_connections');
  const probe = await openHttp(
    {
      setting: 'probe.listen',
      address: config.probe.listen,
      handler: probeHandler({ readiness: readiness.current, metrics: metrics.text }),
      onRefused: full('probe'),
    },
    opened,
  );
  const admin = await openHttp(
    {
      setting: 'admin.listen',
      address: config.admin.listen,
      handler: adminHandler({ policy: policy.status, audit: audit.status }),
      onRefused: full('admin'),
    },
    opened,
  );
  const behindGrpc = { pipeline, check, identify, turnedAway, health, tls, metrics, log };
  const bounds = { mostStreams: mostStreams(config), itemsAtOnce: itemsAtOnce(config.limits) };
  const grpc = await openGrpcDoor({ config: config.grpc, ...bounds, ...behindGrpc }, opened);
  const kmsJson = await openKmsJsonDoor(
    { config: config.kms_json, pipeline, turnedAway, embedded, metrics, log },
    opened,
  );
  readiness.begin();
  return {
    addresses: { grpc: grpc.addresses, kmsJson: kmsJson.address, probe, admin },
    drains: [...grpc.drains, ...kmsJson.drains],
    notServing: readiness.end,
    reload: async () => tls?.reload(),
  };
}

interface HttpDoor {
  readonly setting: string;
  readonly address: string | undefined;
  readonly handler: RequestListener;
  readonly onRefused: () => void;
}

/** Resolves to the bound address; '' if the door is not configured. */
async function openHttp(
  { setting, address, handler, onRefused }: HttpDoor,
  opened: Stack,
): Promise<string> {
  if (address === undefined) return '';
  const door = createHttpListener(address, handler, { onRefused });
  const bound = await ofSetting(setting, door.listen);
  opened.push(() => door.drain(0));
  return bound;
}
