import { Buffer } from 'node:buffer';
import { messageOf } from '../../thrown.ts';
import { BUILTINS } from '../builtins/builtins.ts';
import { type Bundle, factsOf, readBundle } from '../bundle/bundle.ts';
import { BundleFault } from '../bundle/fault.ts';
import { createEngine, type Engine } from '../engine/engine.ts';
import { EngineFault } from '../engine/fault.ts';
import { loadProgram, type Program } from '../engine/program.ts';
import { resultOf } from '../engine/result.ts';
import { ENTRYPOINT, LOAD_ERRORS_ENTRYPOINT, MASK_ENTRYPOINT } from '../entrypoints.ts';
import { createJudge, type Judge } from '../judge.ts';
import { type Limits, toEngineLimits } from '../limits.ts';
import { SAMPLES } from '../samples.ts';
import type { Proved, ToProve } from './messages.ts';
import { refuseMask } from './refuse-mask.ts';

/** Reads an archive and proves its bundle. @throws BundleFault */
export function proveArchive({ archive, limits, ...options }: ToProve): Proved {
  const { buffer, byteOffset, byteLength } = archive;
  const bundle = readBundle(Buffer.from(buffer, byteOffset, byteLength), options);
  return { bundle: factsOf(bundle), program: prove(bundle, limits) };
}

/**
 * Makes a program of a bundle, and proves it: all builtins that it needs exist, it reports no `load_errors`,
 * it decides the samples, and its audit mask answers for them. With much data that takes seconds. @throws BundleFault
 */
export function prove(bundle: Pick<Bundle, 'wasm' | 'data'>, limits: Limits): Program {
  const program = openProgram(bundle);
  const { entrypoints, requiredBuiltins } = program;
  refuseMissing(requiredBuiltins);
  if (entrypoints[ENTRYPOINT] === undefined) {
    throw new BundleFault(`the bundle's module has no entrypoint ${ENTRYPOINT}`);
  }
  const engine = createEngine({ program, limits: toEngineLimits(limits) });
  refuseLoadErrors(engine, entrypoints[LOAD_ERRORS_ENTRYPOINT]);
  const judge = createJudge(engine, program);
  refuseUndecided(judge);
  refuseMask(engine, entrypoints[MASK_ENTRYPOINT], judge);
  return program;
}

function openProgram({ wasm, data }: Pick<Bundle, 'wasm' | 'data'>): Program {
  try {
    return loadProgram({ wasm, data });
  } catch (cause) {
    if (cause instanceof BundleFault) throw cause;
    const why = messageOf(cause);
    throw new BundleFault(`the bundle's policy.wasm cannot be run: ${why}`, { cause });
  }
}

function refuseUndecided(judge: Judge): void {
  for (const [name, sample] of Object.entries(SAMPLES)) {
    const { failure, reasons } = judge(JSON.stringify(sample), sample.time.unix_ms);
    if (failure === '') continue;
    throw new BundleFault(
      `the policy gives no decision for the sample '${name}': ${failure}, ${reasons[0]?.message}`,
    );
  }
}

/** Missing builtins are reported when a bundle loads, not when a call first needs one. */
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
function refuseLoadErrors(engine: Engine, entrypoint: number | undefined): void {
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
    return Array.isArray(errors) ? errors : [`${LOAD_ERRORS_ENTRYPOINT} is not a list`];
  } catch (thrown) {
    throw new BundleFault(`the bundle's load_errors cannot be asked: ${whyUnasked(thrown)}`, {
      cause: thrown,
    });
  }
}

/** Names the setting whose bound was exceeded, because OPA's own `opa_malloc: failed` does not. */
function whyUnasked(thrown: unknown): string {
  const kind = thrown instanceof EngineFault ? thrown.kind : undefined;
  if (kind === 'memory') return 'its data takes more than 16 times policy.memory_mib to check';
  if (kind === 'fuel') return 'its data takes more than 100 times policy.timeout_ms to check';
  return messageOf(thrown);
}
