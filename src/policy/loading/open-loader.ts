import { openSource, type ServiceOptions } from '../sources/open.ts';
import { persistAt } from '../sources/persist.ts';
import { createLoader, type Loader, type LoaderOptions } from './loader.ts';

export interface BundleOptions {
  /** Upper bound of a bundle's size in bytes. */
  readonly maxBytes: number;
  /** Milliseconds that a remote source may be silent. */
  readonly maxStalenessMs: number;
  /** Where the last good bundle of a remote source is kept. */
  readonly persist?: string | undefined;
  /** How often files and folders are checked; every second by default. */
  readonly watchIntervalMs?: number | undefined;
  readonly service: ServiceOptions;
}

interface OpenLoaderOptions
  extends Pick<LoaderOptions, 'prepare' | 'required' | 'now' | 'onReload'> {
  readonly location: string;
  readonly bundle: BundleOptions;
}

/** Opens a source and loads from it. @throws BundleFault */
export async function openLoader(options: OpenLoaderOptions): Promise<Loader> {
  const { location, bundle, ...loading } = options;
  const source = await openSource({
    location,
    maxBytes: bundle.maxBytes,
    watchIntervalMs: bundle.watchIntervalMs ?? 1_000,
    service: bundle.service,
  });
  return createLoader({
    ...loading,
    source,
    persisted:
      source.remote && bundle.persist !== undefined ? persistAt(bundle.persist) : undefined,
    maxStalenessMs: bundle.maxStalenessMs,
  });
}
