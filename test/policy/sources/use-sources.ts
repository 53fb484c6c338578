import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach } from 'vitest';
import type { ReloadEvent } from '../../../src/policy/loading/loader.ts';
import { openHere, type PointChanges } from '../open-point.ts';
import { withManifest } from '../tar.ts';
import { archive, EXAMPLE } from '../values.ts';

export const good = archive(EXAMPLE);
export const next = withManifest(good, { revision: 'next' });

/** Opens decision points by their source; each test of the file that calls this has its own folder and events. */
export function useSources() {
  const world = {
    folder: '',
    events: [] as ReloadEvent[],
    open: (source: string, more: PointChanges = {}) =>
      openHere({ source, onReload: (event) => world.events.push(event), ...more }),
  };
  beforeEach(() => {
    world.folder = mkdtempSync(join(tmpdir(), 'policy-'));
    world.events = [];
  });
  return world;
}
