import { readFile } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import type { Decision, Phase, Resolved } from '../call.ts';
import { readBundle } from './bundle/bundle.ts';
import { BundleFault } from './bundle/fault.ts';
import { createGeneration, type Generation } from './generation.ts';
import { toInput } from './input.ts';

export interface DecisionPointOptions {
  /** Path of an OPA bundle with a Wasm module. */
  readonly source: string;
  /** Milliseconds that one decision may take before it denies. */
  readonly timeoutMs: number;
  /** Bytes that one decision may take beyond the data; 16 MiB where left out. */
  readonly memoryBytes?: number;
  /** False: denials are reported as such with `enforced: false`, and a permit is minted all the same. */
  readonly enforce?: boolean;
}

export interface PolicyStatus {
  readonly revision: string;
  /** SHA-256 of the bundle's archive, hex. */
  readonly digest: string;
  /** Milliseconds since the epoch. */
  readonly activatedAt: number;
}

/** The policy decision point. */
export interface DecisionPoint {
  /** Never rejects: what goes wrong is a denial that says so in `failure`. */
  decide(resolved: Resolved, phase: Phase): Promise<Decision>;
  status(): PolicyStatus;
  /** Loads the source again. @throws BundleFault, and the bundle in use stays. */
  reload(): Promise<void>;
  close(): Promise<void>;
}

/** Opens the source and makes its policy ready. @throws BundleFault with one sentence for the operator. */
export async function createDecisionPoint(options: DecisionPointOptions): Promise<DecisionPoint> {
  const { source, timeoutMs, memoryBytes = 16 * 1024 * 1024, enforce = true } = options;
  const limits = { timeoutMs, memoryBytes };
  const generations = new WeakMap<object, Generation>();
  let current = await load();

  return {
    decide: async (resolved, phase) => decide(pick(resolved, phase), resolved, phase),
    status: () => ({
      revision: current.bundle.revision,
      digest: current.bundle.digest,
      activatedAt: current.activatedAt,
    }),
    reload: async () => {
      current = await load();
    },
    close: async () => {},
  };

  async function load(): Promise<Generation> {
    const archive = await readFile(source).catch((cause: unknown) => {
      throw new BundleFault(`there is no policy bundle at ${source}`, { cause });
    });
    const generation = createGeneration(readBundle(archive), limits, Date.now());
    generations.set(generation.token, generation);
    return generation;
  }

  function pick({ decision }: Resolved, phase: Phase): Generation {
    const asked = phase === 'result' && decision?.bundle && generations.get(decision.bundle);
    return asked || current;
  }

  function decide(generation: Generation, resolved: Resolved, phase: Phase): Decision {
    const started = performance.now();
    const verdict = generation.judge(toInput(resolved, phase));
    return {
      ...verdict,
      phase,
      revision: generation.bundle.revision,
      enforced: enforce,
      evaluationNs: Math.round((performance.now() - started) * 1e6),
      bundle: generation.token,
    };
  }
}
