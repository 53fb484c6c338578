import { BUNDLE_LIMIT_BYTES, type Bundle, readBundle } from './bundle/bundle.ts';
import { BundleFault } from './bundle/fault.ts';
import type { Verification } from './bundle/signature.ts';
import { openSource } from './sources/open.ts';

interface FetchOptions {
  readonly maxBytes?: number | undefined;
  /** Where given, the bundle must be signed. */
  readonly verification?: Verification | undefined;
}

const SERVICE = { minDelayMs: 1, maxDelayMs: 1, longPollingTimeoutSeconds: 0 };

/** What a file, a folder of Rego or a URL holds now; nothing of it is kept or watched. @throws BundleFault */
export async function fetchBundle(
  location: string,
  { maxBytes = BUNDLE_LIMIT_BYTES, verification }: FetchOptions,
): Promise<Bundle> {
  const options = { location, maxBytes, service: SERVICE, watchIntervalMs: 1_000 };
  const source = await openSource(options);
  const archive = await source.fetch();
  if (!archive) throw new BundleFault(`${location} gives no bundle`);
  return readBundle(archive, { maxBytes, verification });
}
