import { BUNDLE_LIMIT_BYTES, type Bundle, type ReadOptions, readBundle } from '../bundle/bundle.ts';
import { BundleFault } from '../bundle/fault.ts';
import { openSource } from '../sources/open.ts';

const SERVICE = { minDelayMs: 1, maxDelayMs: 1, longPollingTimeoutSeconds: 0 };

/** The bundle that a file, a folder of Rego or a URL holds now; not kept or watched. @throws BundleFault */
export async function fetchBundle(
  location: string,
  { maxBytes = BUNDLE_LIMIT_BYTES, verification }: ReadOptions,
): Promise<Bundle> {
  const options = { location, maxBytes, service: SERVICE, watchIntervalMs: 1_000 };
  const source = await openSource(options);
  const archive = await source.fetch();
  if (!archive) throw new BundleFault(`${source.name} did not give a bundle`);
  return readBundle(archive, { maxBytes, verification });
}
