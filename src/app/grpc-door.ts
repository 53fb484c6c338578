import { randomUUID } from 'node:crypto';
import type { Check } from '../check.ts';
import type { Config } from '../config/schema.ts';
import { HEALTH_SERVICE, SERVICE_NAME } from '../contract/service-names.ts';
import type { Refusal } from '../errors.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Pipeline } from '../pipeline.ts';
import { BATCH_PATH } from '../server/batch-re-encrypt.ts';
import { createChannelzServer } from '../server/channelz.ts';
import { createExplain } from '../server/explain.ts';
import { createGrpcServer, type GrpcServer } from '../server/grpc.ts';
import type { HandlerTools } from '../server/handler-tools.ts';
import type { Health } from '../server/health.ts';
import { type Connections, createConnections } from '../server/listener/connections.ts';
import { createListener, type Listener } from '../server/listener/listener.ts';
import { serverOptions } from '../server/listener/options.ts';
import { addReflection, REFLECTION_PATHS } from '../server/reflection.ts';
import { createStatusWriter } from '../server/status.ts';
import { STREAM_PATH } from '../server/stream-re-encrypt.ts';
import type { Stages } from '../stages.ts';
import { createTurns } from '../turns.ts';
import { watchCalls } from './call-watches.ts';
import { listenerLimits, wireLimits } from './limits.ts';
import { ofSetting } from './of-setting.ts';
import { createOnceASecond } from './once-a-second.ts';
import type { Stack } from './stack.ts';
import type { Surroundings } from './surroundings.ts';
import type { ServerTls } from './tls.ts';

/** Milliseconds: what a call gets if its client sets no deadline, and the maximum. */
const DEADLINES = { fallbackMs: 5_000, maxMs: 30_000 };

/** Encryption contexts of 64 KiB take 15 ms to decode and check, as many as possible in them. */
const OF_A_TURN = { bytes: 64 * 1024, heldBytes: 32 * 1024 * 1024 };

/** Methods whose requests may take their time. */
const STREAMING: ReadonlySet<string> = new Set([STREAM_PATH, ...REFLECTION_PATHS]);

/** Methods whose answers hold as much memory as streams do, until they are taken. */
const LARGE: ReadonlySet<string> = new Set([BATCH_PATH]);

interface GrpcDoorParts {
  readonly config: Config['grpc'];
  /** Calls that all connections together may have open. */
  readonly mostStreams: number;
  /** Items of one batch or stream that are under way at a time. */
  readonly itemsAtOnce: number;
  readonly pipeline: Pipeline;
  readonly check: Check;
  readonly identify: Stages['identify'];
  readonly turnedAway: (refusal: Refusal) => void;
  readonly health: Health;
  readonly tls: ServerTls | undefined;
  readonly metrics: Metrics;
  readonly log: Surroundings['log'];
}

interface GrpcDoor {
  /** The bound addresses; that of `grpc.listen` first. */
  readonly addresses: readonly string[];
  readonly drains: readonly Listener['drain'][];
}

/** The gRPC front door with all its listeners, open. */
export async function openGrpcDoor(parts: GrpcDoorParts, opened: Stack): Promise<GrpcDoor> {
  const connections = createConnections();
  const tools = handlerTools(parts, connections);
  watchCalls(
    {
      connections,
      streaming: STREAMING,
      large: LARGE,
      messageMs: parts.config.connections.message_timeout_ms,
      mostStreams: parts.mostStreams,
      explain: createExplain(tools, STREAMING),
    },
    opened,
  );
  const { server, endStreams } = createServer(parts, tools);
  const listeners = createListeners(parts, connections, server);
  const addresses: string[] = [];
  for (const [index, listener] of listeners.entries()) {
    const setting = index === 0 ? 'grpc.listen' : `grpc.listeners.${index - 1}.listen`;
    addresses.push(await ofSetting(setting, listener.listen));
    opened.push(() => listener.drain(0));
  }
  await openChannelz(parts.config, opened);
  const drains = listeners.map(({ drain }): Listener['drain'] => (graceMs, hurry) => {
    endStreams();
    return drain(graceMs, hurry);
  });
  return { addresses, drains };
}

/** Operators on the host may look at connections and calls; nobody else finds the service. */
async function openChannelz(config: Config['grpc'], opened: Stack): Promise<void> {
  if (config.channelz_listen === undefined) return;
  const listener = createListener({
    address: config.channelz_listen,
    server: createChannelzServer(),
    connections: createConnections(),
    limits: { ...listenerLimits(config), maxConnections: 10 },
  });
  await ofSetting('grpc.channelz_listen', listener.listen);
  opened.push(() => listener.drain(0));
}

function handlerTools(
  { turnedAway, metrics, log }: GrpcDoorParts,
  connections: Connections,
): HandlerTools {
  return {
    deadlines: DEADLINES,
    status: createStatusWriter(),
    now: Date.now,
    turn: createTurns(OF_A_TURN),
    newId: randomUUID,
    arrivalOf: connections.of,
    turnedAway,
    onInternal: (decision_id, err) => log.error({ decision_id, err }, 'a call failed inside'),
    rpc: metrics.grpc.method,
  };
}

function createServer({ config, ...parts }: GrpcDoorParts, tools: HandlerTools): GrpcServer {
  const grpc = createGrpcServer({ ...parts, options: serverOptions(wireLimits(config)), tools });
  const services = [SERVICE_NAME, HEALTH_SERVICE];
  if (!config.reflection) return grpc;
  const reflection = addReflection(grpc.server, { services, tools });
  return {
    ...grpc,
    endStreams() {
      grpc.endStreams();
      reflection.drain();
    },
  };
}

function createListeners(
  { config, tls, metrics, log }: GrpcDoorParts,
  connections: Connections,
  server: GrpcServer['server'],
): Listener[] {
  const isDue = createOnceASecond(() => performance.now());
  const first = { listen: config.listen, mode: config.mode, identity: '', plaintext: false };
  return [first, ...config.listeners].map(({ listen, mode, identity = '', plaintext }) =>
    createListener({
      address: listen,
      server,
      connections,
      socketIdentity: identity,
      mode: Number.parseInt(mode, 8),
      limits: listenerLimits(config),
      ...(tls && !plaintext && !listen.startsWith('unix:') && { tls }),
      onRefused(why, fault = '') {
        metrics.connectionRefused('grpc', why);
        if (fault !== '' && isDue(fault)) log.warn({ listen }, `a TLS handshake failed: ${fault}`);
        else log.debug({ why }, 'a connection was turned away');
      },
    }),
  );
}
