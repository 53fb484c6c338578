import type { Call } from '../../src/call.ts';
import type { Refusal } from '../../src/errors.ts';
import { createIdentify } from '../../src/identity/identify.ts';
import { createUdsIdentifier } from '../../src/identity/named.ts';
import { cacheLookUps } from '../../src/keys/cache.ts';
import { createLookUp } from '../../src/keys/look-up.ts';
import { createResolve } from '../../src/keys/resolve.ts';
import { confirm } from '../../src/kms/confirm.ts';
import { refuseFaults } from '../../src/kms/faults.ts';
import { createForward } from '../../src/kms/forward.ts';
import { guardKms } from '../../src/kms/guard/guard.ts';
import type { KmsRequest } from '../../src/kms/request.ts';
import { createAdmission } from '../../src/limits/admit.ts';
import { createGate, type Gate } from '../../src/limits/gate.ts';
import { createPipeline, type Pipeline, type Released } from '../../src/pipeline.ts';
import type { Recorder, Stages } from '../../src/stages.ts';
import { createSimulatedAudit } from './audit.ts';
import { createCall, createDecide, isAllowed } from './callers.ts';
import { createSimulatedDisk } from './disk.ts';
import { createSimulatedKms, type SimulatedKms } from './kms.ts';
import { entriesOf, intentsIn, terminalsIn } from './ledger.ts';
import { createWorld, type World } from './world.ts';

/** The parts of the core that mutants replace. */
export interface Core {
  readonly createPipeline: typeof createPipeline;
  readonly createForward: typeof createForward;
}

export const CORE: Core = { createPipeline, createForward };

export interface Outcome {
  /** Broken promises, in order; empty for a good run. */
  readonly broken: readonly string[];
  readonly calls: number;
  readonly released: number;
  readonly kmsRequests: number;
  /** How often a thread died, the disk or KMS was put in trouble, an alias moved, or a clock stepped. */
  readonly injections: number;
}

interface Run {
  readonly world: World;
  readonly keyIds: 'resolved' | 'requested';
  readonly disk: ReturnType<typeof createSimulatedDisk>;
  readonly audit: ReturnType<typeof createSimulatedAudit>;
  readonly calls: Map<AbortSignal, Call>;
  /** The last decision that was made for a call. */
  readonly judged: Map<string, { source: string; destination: string; allowed: boolean }>;
  /** What each caller was told: OK or a reason. */
  readonly told: Map<string, string>;
  readonly broken: string[];
  kmsRequests: number;
  injections: number;
  /** All callers are answered: no more faults, so that pending work can end. */
  quiet: boolean;
}

/** One run of the real core in a world of faults. */
export async function simulate(seed: number, core: Core = CORE): Promise<Outcome> {
  const world = createWorld(seed);
  const disk = createSimulatedDisk(world.epoch);
  disk.aside = () => world.sleep(world.between(0, 200));
  const run: Run = {
    world,
    disk,
    keyIds: world.chance(0.7) ? 'resolved' : 'requested',
    audit: createSimulatedAudit(world, disk),
    calls: new Map(),
    judged: new Map(),
    told: new Map(),
    broken: [],
    kmsRequests: 0,
    injections: 0,
    quiet: false,
  };
  const kms = createSimulatedKms(world, (request) => checkRequest(run, request));
  const { pipeline, places } = compose(run, kms, core);
  const count = 4 + Math.floor(world.between(0, 10));
  for (let number = 0; number < count; number += 1) {
    world.after(world.between(0, 1500), () => start(run, { number, pipeline, kms }));
  }
  scheduleFaults(run, kms);

  await world.run(() => run.told.size === count, 60_000);
  run.quiet = true;
  run.audit.troubles(0);
  kms.troubles(0);
  await world.run(() => false, world.now() + 4000);
  checkEnd(run, { count, kms, places });
  return {
    broken: run.broken,
    calls: count,
    released: [...run.told.values()].filter((how) => how === 'OK').length,
    kmsRequests: run.kmsRequests,
    injections: run.injections,
  };
}

function compose(run: Run, kms: SimulatedKms, core: Core) {
  const { world } = run;
  const gates: Gate[] = [];
  const guarded = refuseFaults(
    guardKms({
      kms,
      limits: { maxInFlight: 6, retryRatio: 0.2 },
      createPlaces(maxInFlight) {
        const gate = createGate({ maxInFlight, maxQueue: 3, maxWaitMs: 100, after: world.after });
        gates.push(gate);
        return gate;
      },
      keyTokens: { take: () => 0, giveBack() {} },
      onBreaker: () => {},
      now: world.now,
      random: world.random,
      sleep: world.sleep,
    }),
  );
  const free = { perSecond: 0, burst: 1 };
  const admission = createAdmission(
    {
      ...{ maxInFlight: 8, maxQueue: 3, maxWaitMs: 100, after: world.after, all: free },
      perPrincipal: { ...free, maxInFlight: 4 },
    },
    world.now,
  );
  const lookUp = createLookUp(guarded, {
    describe: true,
    tags: false,
    aliases: false,
    ownAccount: '',
  });
  const cache = { ttlMs: 300, negativeTtlMs: 50, maxEntries: 100, lookUpMs: 5000 };
  const pipeline = core.createPipeline({
    identify: createIdentify({
      identifiers: [createUdsIdentifier()],
      require: true,
      attributes: [],
    }),
    admit: admission.admit,
    resolve: createResolve(
      cacheLookUps(lookUp, { ...cache, now: world.now, onLookUp: () => {} }).lookUp,
    ),
    decide: createDecide(world, ({ call, keys }, allowed) => {
      const [source, destination] = [keys.source.keyArn, keys.destination.keyArn];
      run.judged.set(call.id, { source, destination, allowed });
    }),
    forward: lingering(world, core.createForward({ kms: guarded, keyIds: run.keyIds })),
    confirm,
    record: { ...run.audit.record, terminal: noneTooLate(run) },
    count: () => {},
  });
  return { pipeline, places: [admission, ...gates] };
}

/** As behind a cohort: the call continues only some time after its answer has come. */
function lingering(world: World, forward: Stages['forward']): Stages['forward'] {
  return async (permit) => {
    const answer = await forward(permit);
    await world.sleep(world.between(0, 20));
    return answer;
  };
}

/** No entry says `released` if the caller had already gone. */
function noneTooLate({ audit, broken }: Run): Recorder['terminal'] {
  return (progress, refusal) => {
    if (!refusal && progress.call.signal.aborted)
      broken.push('told as released to a caller who had gone');
    return audit.record.terminal(progress, refusal);
  };
}

function start(run: Run, parts: { number: number; pipeline: Pipeline; kms: SimulatedKms }): void {
  const call = createCall(run.world, parts.number);
  run.calls.set(call.signal, call);
  parts.pipeline(call).then(
    (released) => {
      run.told.set(call.id, 'OK');
      checkRelease(run, released, parts.kms);
    },
    (refusal: Refusal) => run.told.set(call.id, refusal.reason),
  );
}

function scheduleFaults(run: Run, kms: SimulatedKms): void {
  const { world, audit } = run;
  const inject = (probability: number, act: () => void): void => {
    if (!world.chance(probability)) return;
    world.after(world.between(0, 2000), () => {
      if (run.quiet) return;
      run.injections += 1;
      act();
    });
  };
  const share = (): number => world.pick([0.02, 0.1, 0.3]);
  inject(0.6, () => kms.troubles(share()));
  inject(0.3, () => kms.troubles(0));
  inject(0.5, () => audit.troubles(share()));
  inject(0.3, () => audit.troubles(0));
  inject(0.15, audit.killThread);
  for (let n = 0; n < 4; n += 1) inject(0.5, kms.repoint);
  inject(0.1, () => world.stepEpoch(world.pick([3_600_000, -3_600_000])));
}

/** No KMS call without a durable intent and a permit; the key called is the key judged. */
function checkRequest(run: Run, request: KmsRequest): void {
  run.kmsRequests += 1;
  const call = run.calls.get(request.signal);
  if (!call) return void run.broken.push('KMS was asked for nobody');
  const entries = entriesOf(run.disk, call.id);
  if (intentsIn(entries) !== 1 || terminalsIn(entries) !== 0) {
    run.broken.push(`KMS was asked without a durable intent: ${JSON.stringify(entries)}`);
  }
  const judged = run.judged.get(call.id);
  if (!judged?.allowed) return void run.broken.push('KMS was asked without an allow');
  if (run.keyIds === 'requested') return;
  const { source, destination } = request;
  if (source.keyId !== judged.source || destination.keyId !== judged.destination) {
    run.broken.push(`KMS was asked with ${destination.keyId}, judged was ${judged.destination}`);
  }
}

/** No release without a durable outcome, nor of a key that the caller has no right to. */
function checkRelease(run: Run, { call, principal, answer }: Released, kms: SimulatedKms): void {
  const entries = entriesOf(run.disk, call.id);
  const status = call.dryRun ? 'dry_run' : 'released';
  if (!entries.some((entry) => entry.kind === 'outcome' && entry.status === status)) {
    run.broken.push(`released without a durable outcome: ${JSON.stringify(entries)}`);
  }
  const deed = kms.deeds.get(answer.requestId);
  if (!deed) return void run.broken.push('released what KMS never did');
  if (deed.request.signal !== call.signal) run.broken.push('released another call’s answer');
  if (call.dryRun) return;
  if (!isAllowed(principal.id, deed.sourceArn, deed.destinationArn)) {
    run.broken.push(`released a move from ${deed.sourceArn} to ${deed.destinationArn}`);
  }
}

interface End {
  readonly count: number;
  readonly kms: SimulatedKms;
  readonly places: readonly { readonly inFlight: number; readonly waiting: number }[];
}

/** Everyone was answered, everything was given back, and every call left one terminal entry. */
function checkEnd(run: Run, { count, kms, places }: End): void {
  const { broken, told, world } = run;
  if (told.size !== count) broken.push(`${count - told.size} calls were never answered`);
  for (const { inFlight, waiting } of places) {
    if (inFlight + waiting > 0) broken.push(`${inFlight} in flight, ${waiting} waiting at the end`);
  }
  if (kms.inFlight > 0) broken.push(`${kms.inFlight} requests still with KMS`);
  if (run.audit.committer.queued() > 0) broken.push('audit entries still queued');
  for (const [id, how] of told) checkEntries(run, id, how);
  run.disk.trouble = () => {};
  run.disk.losePower((unsynced) => world.between(0, unsynced));
  try {
    run.audit.recover();
  } catch (thrown) {
    broken.push(String(thrown));
  }
  for (const id of told.keys()) {
    const entries = entriesOf(run.disk, id);
    if (terminalsIn(entries) < intentsIn(entries)) broken.push(`${id} was begun and never ended`);
  }
}

const BEFORE_THE_LOG = new Set(['UNAUTHENTICATED']);

function checkEntries({ disk, judged, broken }: Run, id: string, how: string): void {
  const entries = entriesOf(disk, id);
  const [intents, terminals] = [intentsIn(entries), terminalsIn(entries)];
  const wanted = `${how} with ${intents} intents and ${terminals} terminal entries`;
  if (intents > 1 || terminals > 1 || terminals < intents) broken.push(wanted);
  // A call that was judged was identified; one that was not may have been turned away by a limit.
  const identified = judged.has(id) && !BEFORE_THE_LOG.has(how);
  if (identified && how !== 'AUDIT_UNAVAILABLE' && terminals !== 1) broken.push(wanted);
}
