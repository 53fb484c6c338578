import { expect, test } from 'vitest';
import { readBundle } from '../../src/policy/bundle/bundle.ts';
import { createGeneration } from '../../src/policy/generation.ts';
import { createLoader, type ReloadEvent } from '../../src/policy/loader.ts';
import { withManifest } from './tar.ts';
import { archive, EXAMPLE, NOON } from './values.ts';

const LIMITS = { timeoutMs: 50, memoryBytes: 1 << 24 };

test('a bundle is proved once for as long as it serves, and beside the one before', async () => {
  const first = archive(EXAMPLE);
  let given = first;
  const prepared: boolean[] = [];
  const outcomes: ReloadEvent['outcome'][] = [];
  const loader = await createLoader({
    source: {
      name: 'a service without ETags',
      remote: true,
      fetch: async () => given,
      forget() {},
      follow: () => ({ stop() {} }),
    },
    async prepare(bundle, serves) {
      prepared.push(serves);
      return createGeneration(readBundle(bundle), LIMITS, NOON);
    },
    required: true,
    maxStalenessMs: 60_000,
    now: () => NOON,
    onReload: ({ outcome }) => void outcomes.push(outcome),
  });
  await loader.reload();
  given = withManifest(first, { revision: 'next' });
  await loader.reload();
  await loader.reload();
  loader.close();
  expect(outcomes).toEqual(['activated', 'unchanged', 'activated', 'unchanged']);
  expect(prepared).toEqual([false, true]);
});
