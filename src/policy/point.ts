import { performance } from 'node:perf_hooks';
import type { Decision, Phase, Resolved } from '../call.ts';
import { about, BundleFault } from './bundle/fault.ts';
import type { Verification } from './bundle/signature.ts';
import { createCapture } from './capture.ts';
import { type Input, wholeText } from './engine/frame.ts';
import { type Evaluation, failed, inEffect, toAsked } from './evaluation.ts';
import { createFraming } from './framing.ts';
import { type Generation, generationOf } from './generation.ts';
import type { Limits } from './limits.ts';
import type { Loader, ReloadEvent } from './loading/loader.ts';
import type { LoaderStatus } from './loading/loader-status.ts';
import { type BundleOptions, openLoader } from './loading/open-loader.ts';
import { proveAside } from './prove/aside.ts';
import { proveArchive } from './prove/prove.ts';
import type { Candidate } from './shadow/messages.ts';
import { createShadow, type Shadow, type ShadowEvent } from './shadow/shadow.ts';

export interface DecisionPointOptions {
  /** A bundle's file, a folder of Rego, or the URL of a bundle. */
  readonly source: string;
  readonly limits: Limits;
  /** False: denials carry `enforced: false`, and a permit is minted anyway. */
  readonly enforce: boolean;
  /**
   * A second source, whose policy is asked beside the first and never obeyed. If it cannot be loaded,
   * the only effect is a call of `onReload`.
   */
  readonly candidate?: string | undefined;
  /** If given, both sources must be signed. */
  readonly verification?: Verification | undefined;
  readonly bundle: BundleOptions;
  /** File of mode 0600 that receives each whole input, in clear, with its decision. */
  readonly captureFile?: string | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly onReload: (event: ReloadEvent, which: 'serving' | 'candidate') => void;
  readonly onShadow: (event: ShadowEvent) => void;
  /** Called for a call that the candidate did not judge, because too many wait or its thread ended. */
  readonly onShadowDropped: () => void;
}

/** Status of the serving source, and of the candidate's if there is one. */
interface PolicyStatus extends LoaderStatus {
  readonly enforced: boolean;
  readonly candidate?: LoaderStatus;
}

/** The policy decision point. */
export interface DecisionPoint {
  /** Never throws: an error becomes a denial that names it in `failure`. */
  decide(resolved: Resolved, phase: Phase): Decision;
  /** The serving bundle's audit mask for an entry; undefined if it has none. @throws EngineFault */
  mask(entry: object): unknown;
  /** Whether the serving bundle has an audit mask. */
  masks(): boolean;
  status(): PolicyStatus;
  /** Asks both sources again. @throws BundleFault, and the bundle in use stays. */
  reload(): Promise<void>;
  close(): Promise<void>;
}

/** Opens the sources and makes their policies ready. @throws BundleFault with one sentence. */
export async function createDecisionPoint(options: DecisionPointOptions): Promise<DecisionPoint> {
  const { source, candidate, enforce } = options;
  const frameInput = createFraming();
  const capture =
    options.captureFile === undefined ? undefined : createCapture(options.captureFile);
  const serving = await open(options, { which: 'serving', location: source });
  const shadow = candidate === undefined ? undefined : await openShadow(options, candidate);

  return {
    decide(resolved, phase) {
      const started = performance.now();
      const generation = serving.pick(resolved, phase);
      const input = frameInput(resolved, phase);
      const question = { input, at: resolved.call.receivedAt, phase };
      const decision: Decision = {
        ...inEffect(judge(serving.loader, generation, question), toAsked(resolved)),
        phase,
        revision: generation?.bundle.revision ?? '',
        enforced: enforce,
        evaluationNs: Math.round((performance.now() - started) * 1e6),
        bundle: generation?.token,
      };
      shadow?.judges.offer({ resolved, served: decision, input: () => wholeText(input) });
      capture?.write(wholeText(input), decision);
      return decision;
    },
    mask: (entry) => serving.loader.current()?.mask(JSON.stringify(entry)),
    masks: () => serving.loader.current()?.masks ?? false,
    status: () => ({
      ...serving.loader.status(),
      enforced: enforce,
      ...(shadow && { candidate: shadow.loader.status() }),
    }),
    async reload() {
      await Promise.all([serving.loader.reload(), shadow?.loader.reload()]);
    },
    async close() {
      serving.loader.close();
      shadow?.loader.close();
      await shadow?.judges.close();
      await capture?.close();
    },
  };
}

interface Question {
  readonly input: Input;
  readonly at: number;
  readonly phase: Phase;
}

/** A call that has begun is finished by its own bundle, even if that has become too old meanwhile. */
function judge(loader: Loader, generation: Generation | undefined, question: Question): Evaluation {
  if (!generation) return failed('POLICY_NOT_LOADED', 'not_loaded', 'no bundle has been loaded');
  const staleness = question.phase === 'request' ? loader.staleness() : '';
  if (staleness !== '') return failed('POLICY_STALE', 'stale', staleness);
  return generation.judge(question.input, question.at);
}

interface Opening {
  readonly which: 'serving' | 'candidate';
  readonly location: string;
  readonly onProved?: (candidate: Candidate) => void;
}

/** A loader, and each generation that it has made, for as long as a call refers to it. */
async function open(options: DecisionPointOptions, opening: Opening) {
  const { limits, verification, bundle, now, onReload } = options;
  const { which, location, onProved } = opening;
  const generations = new WeakMap<object, Generation>();
  const loader = await openLoader({
    location,
    bundle: which === 'serving' ? bundle : { ...bundle, persist: undefined },
    // A candidate answers nobody, so nobody has to wait for it.
    required: which === 'serving',
    now,
    onReload: (event) => onReload(event, which),
    async prepare(archive, serves) {
      const toProve = { archive, limits, maxBytes: bundle.maxBytes, verification };
      // At start no call waits for a decision yet, and a thread would take longer. A candidate can come later.
      const aside = serves || which === 'candidate';
      const proved = aside ? await proveAside(toProve) : proveArchive(toProve);
      const generation = generationOf(proved, limits);
      generations.set(generation.token, generation);
      onProved?.({ revision: proved.bundle.revision, program: proved.program });
      return generation;
    },
  }).catch((thrown: unknown): never => {
    if (!(thrown instanceof BundleFault)) throw thrown;
    const setting = which === 'serving' ? 'policy.source' : 'policy.candidate';
    throw new BundleFault(`${setting}: ${about(location, thrown)}`, { cause: thrown });
  });
  return {
    loader,
    /** The result phase asks the same bundle as the request phase did, even if another serves by now. */
    pick({ decision }: Resolved, phase: Phase): Generation | undefined {
      const token = phase === 'result' ? decision?.bundle : undefined;
      return (token && generations.get(token)) ?? loader.current();
    },
  };
}

async function openShadow(options: DecisionPointOptions, location: string) {
  const { limits, onShadow, onShadowDropped: onDropped } = options;
  const judges: Shadow = createShadow({ limits, onShadow, onDropped });
  const { loader } = await open(options, {
    which: 'candidate',
    location,
    onProved: judges.use,
  });
  return { loader, judges };
}
