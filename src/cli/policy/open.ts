import { type Bundle, overdue } from '../../policy/bundle/bundle.ts';
import { about, BundleFault } from '../../policy/bundle/fault.ts';
import type { Verification } from '../../policy/bundle/signature.ts';
import { createGeneration, type Generation } from '../../policy/generation.ts';
import { toLimits } from '../../policy/limits.ts';
import { fetchBundle } from '../../policy/loading/fetch-bundle.ts';
import { CommandFailure } from '../command.ts';
import type { LimitOptions } from './limits.ts';

/** Bundle of a file, a folder of Rego or a URL. @throws CommandFailure */
export async function readPolicy(
  location: string,
  { sizeLimitBytes: maxBytes }: LimitOptions,
  verification?: Verification,
): Promise<Bundle> {
  return told(location, () => fetchBundle(location, { maxBytes, verification }));
}

/** A policy that is ready to decide, as in the proxy. @throws CommandFailure */
export async function openPolicy(location: string, options: LimitOptions): Promise<Generation> {
  return prove(location, await readPolicy(location, options), options);
}

/** @throws CommandFailure if a proxy would refuse the bundle. */
export function prove(
  location: string,
  bundle: Bundle,
  { timeoutMs, memoryMib }: LimitOptions,
): Promise<Generation> {
  const limits = toLimits(timeoutMs, memoryMib);
  return told(location, async () => createGeneration(bundle, limits));
}

/** @throws CommandFailure if the bundle has expired, so that a proxy would no longer use it. */
export function refuseOverdue(bundle: Bundle): void {
  const ended = overdue(bundle, Date.now());
  if (ended === '') return;
  const last = new Date(bundle.notAfter).toISOString();
  throw new CommandFailure(`${ended}: it expired at ${last}`);
}

/** Does the work; a fault of the bundle ends the command with its sentence. @throws CommandFailure */
export async function told<T>(location: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof BundleFault) throw new CommandFailure(about(location, cause));
    throw cause;
  }
}
