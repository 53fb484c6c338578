import { parseJson } from '../exact-json.ts';
import { keepLast } from '../keep-last.ts';
import { BUILTINS } from './builtins/builtins.ts';
import {
  type Bundle,
  ENTRYPOINT,
  LOAD_ERRORS_ENTRYPOINT,
  MASK_ENTRYPOINT,
} from './bundle/bundle.ts';
import { BundleFault } from './bundle/fault.ts';
import { createEngine, type Engine } from './engine/engine.ts';
import { EngineFault } from './engine/fault.ts';
import type { Input } from './engine/frame.ts';
import { type Evaluation, failed, toEvaluation } from './evaluation.ts';
import { SAMPLES } from './samples.ts';

export interface Limits {
  /** Milliseconds that one decision may take. */
  readonly timeoutMs: number;
  /** Bytes that one decision may take beyond the data. */
  readonly memoryBytes: number;
}

/** One bundle that is ready to decide. A decision is made by exactly one generation. */
export interface Generation {
  readonly bundle: Bundle;
  readonly activatedAt: number;
  /** Stands for the generation in a Decision, and holds nothing of it. */
  readonly token: object;
  /**
   * Judges an input, JSON text or framed, at a moment in milliseconds since the Unix epoch, which is the policy's
   * `time.now_ns`. Never throws: what goes wrong is a denial with its failure.
   */
  judge(input: string | Input, at: number): Evaluation;
  /**
   * The audit mask (`system/log/mask`) of an entry as JSON text: its result, or undefined where the
   * bundle has none. @throws EngineFault, or Error where it is longer than a mask may be
   */
  mask(entry: string): unknown;
  /** Whether it has one. */
  readonly masks: boolean;
}

/** As a decision. It goes into an entry, and no line of the log that is too long to be read back may come of it. */
const MOST_MASK_CHARACTERS = 65_536;

/** Makes a bundle ready and proves it on the samples. @throws BundleFault */
export function createGeneration(bundle: Bundle, limits: Limits, now: number): Generation {
  const engine = openEngine(bundle, limits);
  refuseMissing(engine.requiredBuiltins);
  const entrypoint = engine.entrypoints[ENTRYPOINT];
  if (entrypoint === undefined) {
    throw new BundleFault(`the bundle's module has no entrypoint ${ENTRYPOINT}`);
  }
  refuseLoadErrors(engine);
  // Most calls get the same answer, word by word: it is read once.
  const evaluationOf = keepLast(toEvaluation);
  const judge = (input: string | Input, at: number): Evaluation => {
    try {
      const context = { nowNs: BigInt(at) * NS_PER_MS };
      return evaluationOf(engine.evaluate({ entrypoint, input, context }));
    } catch (thrown) {
      return toFailure(thrown);
    }
  };
  for (const [name, sample] of Object.entries(SAMPLES)) {
    const { failure, reasons } = judge(JSON.stringify(sample), sample.time.unix_ms);
    if (failure !== '') {
      throw new BundleFault(
        `the policy gives no decision for the sample '${name}': ${failure}, ${reasons[0]?.message}`,
      );
    }
  }
  const maskEntrypoint = engine.entrypoints[MASK_ENTRYPOINT];
  const masks = maskEntrypoint !== undefined;
  return { bundle, activatedAt: now, token: Object.freeze({}), judge, mask, masks };

  function mask(entry: string): unknown {
    if (maskEntrypoint === undefined) return undefined;
    const question = { entrypoint: maskEntrypoint, input: entry, context: { nowNs: 0n } };
    const answer = engine.evaluate(question);
    if (answer.length > MOST_MASK_CHARACTERS) {
      throw new Error(`the mask is longer than ${MOST_MASK_CHARACTERS} characters`);
    }
    return resultOf(answer);
  }
}

/** By measurement: a policy that does not end is stopped after 20 to 50 ms where 50 are allowed. */
const FUEL_PER_MS = 100_000;
const NS_PER_MS = 1_000_000n;

function openEngine({ wasm, data }: Bundle, { timeoutMs, memoryBytes }: Limits) {
  const limits = { fuel: timeoutMs * FUEL_PER_MS, memoryBytes };
  try {
    return createEngine({ wasm, data, builtins: BUILTINS, limits });
  } catch (cause) {
    if (cause instanceof BundleFault) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new BundleFault(`the bundle's policy.wasm cannot be run: ${why}`, { cause });
  }
}

/** What is missing is said when a bundle loads, not when a call first needs it. */
function refuseMissing(required: readonly string[]): void {
  const missing = required.filter((name) => !Object.hasOwn(BUILTINS, name)).sort();
  if (missing.length === 0) return;
  const hint = missing.includes('sprintf') ? '; write template strings, $"…{x}", for sprintf' : '';
  throw new BundleFault(
    `the policy uses builtins that the proxy does not have: ${missing.join(', ')}${hint}; policy build refuses them`,
  );
}

const TOLD = 5;

/** A policy may check its own data: its `load_errors` lists what is wrong, and refuses the bundle. */
function refuseLoadErrors(engine: Engine): void {
  const entrypoint = engine.entrypoints[LOAD_ERRORS_ENTRYPOINT];
  if (entrypoint === undefined) return;
  const errors = loadErrors(engine, entrypoint);
  if (errors.length === 0) return;
  const more = errors.length > TOLD ? `; and ${errors.length - TOLD} more` : '';
  throw new BundleFault(
    `the bundle says that its data is wrong: ${errors.slice(0, TOLD).join('; ')}${more}`,
  );
}

function loadErrors(engine: Engine, entrypoint: number): readonly unknown[] {
  try {
    const question = { entrypoint, input: '{}', context: { nowNs: 0n } };
    const errors = resultOf(engine.examine(question));
    return Array.isArray(errors) ? errors : [`${LOAD_ERRORS_ENTRYPOINT} is no list`];
  } catch (thrown) {
    throw new BundleFault(`the bundle's load_errors cannot be asked: ${whyUnasked(thrown)}`, {
      cause: thrown,
    });
  }
}

/** What a question used up, by the setting that bounds it: OPA's own `opa_malloc: failed` names none. */
function whyUnasked(thrown: unknown): string {
  const kind = thrown instanceof EngineFault ? thrown.kind : undefined;
  if (kind === 'memory') return 'its data takes more than 16 times policy.memory_mib to check';
  if (kind === 'fuel') return 'its data takes more than 100 times policy.timeout_ms to check';
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The answer of an entrypoint other than the decision's; undefined where that is undefined. */
function resultOf(resultSet: string): unknown {
  const [answer] = parseJson(resultSet) as readonly { readonly result: unknown }[];
  return answer?.result;
}

function toFailure(thrown: unknown): Evaluation {
  if (!(thrown instanceof EngineFault)) {
    return failed('POLICY_INVALID', 'shape', 'the decision is not JSON');
  }
  const { kind, message } = thrown;
  if (kind === 'fuel') return failed('POLICY_TIMEOUT', kind, `${message} for policy.timeout_ms`);
  if (kind !== 'memory') return failed('POLICY_FAILED', kind, message);
  return failed('POLICY_FAILED', kind, 'the policy takes more memory than policy.memory_mib');
}
