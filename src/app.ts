import { openGrpcDoor } from './app/grpc-door.ts';
import { composeIdentify } from './app/identity.ts';
import { composeKms } from './app/kms.ts';
import { admitLimits } from './app/limits.ts';
import { composePolicy } from './app/policy.ts';
import { type Readiness, watchReadiness } from './app/readiness.ts';
import { createStack, type Stack } from './app/stack.ts';
import type { Surroundings } from './app/surroundings.ts';
import { composeTls } from './app/tls.ts';
import { createAudit } from './audit/create-audit.ts';
import type { Config } from './config/schema.ts';
import type { Refusal } from './errors.ts';
import { cacheLookUps } from './keys/cache.ts';
import { createLookUp } from './keys/look-up.ts';
import { createResolve } from './keys/resolve.ts';
import { confirm } from './kms/confirm.ts';
import type { EmbeddedKms } from './kms/embedded/embedded.ts';
import { createForward } from './kms/forward.ts';
import type { Kms } from './kms/port.ts';
import { shutDown } from './life/shutdown.ts';
import { createAdmission } from './limits/admit.ts';
import { createMetrics, type Metrics } from './metrics/metrics.ts';
import { createPipeline } from './pipeline.ts';
import { createHealth } from './server/health.ts';
import { createHttpListener } from './server/http.ts';
import { probeHandler } from './server/probe.ts';
import { VERSION } from './version.ts';

/** A running proxy. */
export interface App {
  /** Where it listens, as bound. */
  readonly addresses: { readonly grpc: readonly string[]; readonly probe: string };
  readonly embedded: EmbeddedKms | undefined;
  /**
   * Says so, takes no new call, lets accepted ones end, and resolves when everything is closed.
   * Once `hurry` is aborted, it cuts what still runs.
   */
  stop(hurry?: AbortSignal): Promise<void>;
  /** Takes policy and certificates anew, as on SIGHUP. */
  reload(): Promise<void>;
  /** The last audit entry of a process that must not go on; blocks for half a second at most. */
  lastWords(cause: string): void;
}

/** Puts the stages together and opens the doors. Where one step fails, what was opened is closed. */
export async function startApp(config: Config, surroundings: Surroundings): Promise<App> {
  const opened = createStack();
  try {
    return await compose(config, surroundings, opened);
  } catch (error) {
    await opened.close();
    throw error;
  }
}

async function compose(config: Config, around: Surroundings, opened: Stack): Promise<App> {
  const metrics = createMetrics({ version: VERSION, backend: config.kms.backend });
  const { kms, embedded } = await composeKms(config, around, metrics);
  opened.push(() => kms.close());
  const policy = await composePolicy(config.policy, around, metrics);
  opened.push(() => policy.close());
  const audit = await createAudit({
    file: config.audit.file,
    durability: config.audit.durability,
    backend: config.kms.backend,
    version: VERSION,
    onEntry: metrics.auditEntry,
    onFailure: metrics.auditFailure,
    warn: (sentence) => around.log.warn(sentence),
    now: Date.now,
  });
  opened.push(() => audit.close());
  policy.recordIn(audit);

  const turnedAway = (refusal: Refusal) => {
    audit.turnedAway(refusal);
    metrics.turnedAway(refusal);
  };
  const pipeline = createPipeline({
    identify: await composeIdentify(config.identity, around, opened),
    admit: createAdmission(admitLimits(config.limits), () => performance.now()).admit,
    resolve: composeResolve(config.keys, kms, metrics),
    decide: policy.decide,
    forward: createForward({ kms, keyIds: config.keys.forward }),
    confirm,
    record: { intent: audit.intent, terminal: audit.terminal, turnedAway },
    count: metrics.count,
  });

  const health = createHealth();
  const readiness = watchReadiness({ policy, audit, onChange: health.set }, opened);
  const tls = await composeTls(config.grpc.tls, around, opened);
  const probe = await openProbe(config.probe.listen, { readiness, metrics }, opened);
  const door = await openGrpcDoor(
    { config: config.grpc, pipeline, turnedAway, health, tls, metrics, log: around.log },
    opened,
  );
  return {
    addresses: { grpc: door.addresses, probe },
    embedded,
    async stop(hurry = new AbortController().signal) {
      const { lame_duck_ms: lameDuckMs, drain_ms: drainMs } = config.life;
      const { drains } = door;
      await shutDown({ notServing: readiness.end, drains, lameDuckMs, drainMs, hurry });
      await opened.close();
    },
    async reload() {
      await Promise.all([policy.reload(), tls?.reload()]);
      audit.reopen();
    },
    lastWords: (cause) => void audit.crash(cause),
  };
}

async function openProbe(
  address: string,
  { readiness, metrics }: { readiness: Readiness; metrics: Metrics },
  opened: Stack,
) {
  const handler = probeHandler({ readiness: readiness.current, metrics: metrics.text });
  const probe = createHttpListener(address, handler);
  const bound = await probe.listen();
  opened.push(() => probe.close());
  return bound;
}

function composeResolve(config: Config['keys'], kms: Kms, metrics: Metrics) {
  const { describe, tags, aliases, own_account: ownAccount = '', ttl_ms: ttlMs } = config;
  const lookUp = createLookUp(kms, { describe, tags, aliases, ownAccount });
  return createResolve(
    cacheLookUps(lookUp, {
      ttlMs,
      negativeTtlMs: Math.min(ttlMs, 5_000),
      maxEntries: 10_000,
      lookUpMs: 5_000,
      now: () => performance.now(),
      onLookUp: metrics.keyLookup,
    }),
  );
}
