import { stat } from 'node:fs/promises';
import { isService } from '../../addresses/location.ts';
import { fileSource } from './file.ts';
import { folderSource } from './folder.ts';
import { type HttpSourceOptions, httpSource } from './http.ts';
import type { Source } from './source.ts';

/** How to query a bundle service; named as in OPA's own configuration. */
export type ServiceOptions = Omit<HttpSourceOptions, 'url' | 'maxBytes'>;

interface OpenSourceOptions {
  /** A bundle's file, a folder of Rego, or the URL of a bundle. */
  readonly location: string;
  readonly maxBytes: number;
  readonly service: ServiceOptions;
  /** How often files and folders are checked. */
  readonly watchIntervalMs: number;
}

/** The source that a location stands for. */
export async function openSource(options: OpenSourceOptions): Promise<Source> {
  const { location, maxBytes, service, watchIntervalMs: intervalMs } = options;
  if (isService(location)) return httpSource({ ...service, url: location, maxBytes });
  const isFolder = await stat(location).then(
    (found) => found.isDirectory(),
    () => false,
  );
  return isFolder
    ? folderSource({ path: location, intervalMs })
    : fileSource({ path: location, maxBytes, intervalMs });
}
