import { readFile } from 'node:fs/promises';
import { BUNDLE_LIMIT_BYTES, type Bundle, readBundle } from '../../policy/bundle/bundle.ts';
import { about, BundleFault } from '../../policy/bundle/fault.ts';
import type { Verification } from '../../policy/bundle/signature.ts';
import { createGeneration, type Generation } from '../../policy/generation.ts';
import { openSource } from '../../policy/sources/open.ts';
import { CommandFailure } from '../program.ts';

/** What a decision gets from a proxy with the default configuration. */
const LIMITS = { timeoutMs: 50, memoryBytes: 16 * 1024 * 1024 };

/** Bundle of a file, a folder of Rego or a URL. @throws CommandFailure */
export async function readPolicy(location: string, verification?: Verification): Promise<Bundle> {
  const service = { minDelayMs: 1, maxDelayMs: 1, longPollingTimeoutSeconds: 0 };
  const options = { location, maxBytes: BUNDLE_LIMIT_BYTES, service, watchIntervalMs: 1_000 };
  return told(location, async () => {
    const source = await openSource(options);
    const archive = await source.fetch();
    if (!archive) throw new BundleFault(`${location} gives no bundle`);
    return readBundle(archive, { verification });
  });
}

/** A policy that is ready to decide, as in the proxy. @throws CommandFailure */
export async function openPolicy(location: string): Promise<Generation> {
  return prove(location, await readPolicy(location));
}

/** @throws CommandFailure where a proxy would refuse the bundle. */
export function prove(location: string, bundle: Bundle): Promise<Generation> {
  return told(location, async () => createGeneration(bundle, LIMITS, Date.now()));
}

/** Text of a file, or of standard input for `-`. @throws CommandFailure */
export async function readText(path: string, stdin: NodeJS.ReadableStream): Promise<string> {
  if (path !== '-') {
    return readFile(path, 'utf8').catch(() => {
      throw new CommandFailure(`${path} cannot be read`);
    });
  }
  const chunks: Buffer[] = [];
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

async function told<T>(location: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof BundleFault) throw new CommandFailure(about(location, cause));
    throw cause;
  }
}
