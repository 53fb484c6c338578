import { BUNDLE_LIMIT_BYTES } from './bundle/bundle.ts';
import { createLoader, type Loader, type LoaderOptions } from './loader.ts';
import { openSource, type ServiceOptions } from './sources/open.ts';
import { persistAt } from './sources/persist.ts';

export interface BundleOptions {
  /** Upper bound of a bundle's size in bytes; 16 MiB by default. */
  readonly maxBytes?: number | undefined;
  /** Milliseconds that a remote source may be silent; a day by default. */
  readonly maxStalenessMs?: number | undefined;
  /** Where the last good bundle of a remote source is kept. */
  readonly persist?: string | undefined;
  /** How often files and folders are checked; every second by default. */
  readonly watchIntervalMs?: number | undefined;
  readonly service?: Partial<ServiceOptions> | undefined;
}

interface OpenLoaderOptions
  extends Pick<LoaderOptions, 'prepare' | 'required' | 'now' | 'onReload'> {
  readonly location: string;
  readonly bundle: BundleOptions;
}

const DAY_MS = 86_400_000;

/** OPA's own defaults: a poll every one to two minutes. */
const SERVICE: ServiceOptions = {
  minDelayMs: 60_000,
  maxDelayMs: 120_000,
  longPollingTimeoutSeconds: 0,
};

/** Opens a source and loads from it. @throws BundleFault */
export async function openLoader(options: OpenLoaderOptions): Promise<Loader> {
  const { location, bundle, ...loading } = options;
  const source = await openSource({
    location,
    maxBytes: bundle.maxBytes ?? BUNDLE_LIMIT_BYTES,
    watchIntervalMs: bundle.watchIntervalMs ?? 1_000,
    service: { ...SERVICE, ...bundle.service },
  });
  return createLoader({
    ...loading,
    source,
    persisted:
      source.remote && bundle.persist !== undefined ? persistAt(bundle.persist) : undefined,
    maxStalenessMs: bundle.maxStalenessMs ?? DAY_MS,
  });
}
