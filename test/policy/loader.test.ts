import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { readBundle } from '../../src/policy/bundle/bundle.ts';
import { createGeneration } from '../../src/policy/generation.ts';
import { createLoader, type ReloadEvent } from '../../src/policy/loader.ts';
import type { Source } from '../../src/policy/sources/source.ts';
import { withManifest } from './tar.ts';
import { archive, EXAMPLE, NOON } from './values.ts';

const LIMITS = { timeoutMs: 50, memoryBytes: 1 << 24 };

test('a bundle is proved once while it serves, and beside the one it replaces', async () => {
  const first = archive(EXAMPLE);
  let given = first;
  const prepared: boolean[] = [];
  const outcomes: ReloadEvent['outcome'][] = [];
  const loader = await createLoader({
    ...OPTIONS,
    source: serviceOf(() => given),
    async prepare(bundle, serves) {
      prepared.push(serves);
      return ready(bundle);
    },
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

test('of two bundles the one fetched later serves, however long the other takes to prove', async () => {
  const [first, second, third] = ['first', 'second', 'third'].map((revision) =>
    withManifest(archive(EXAMPLE), { revision }),
  );
  const fetched = [first, second, third];
  const proved = Promise.withResolvers<void>();
  const loader = await createLoader({
    ...OPTIONS,
    source: serviceOf(() => fetched.shift()),
    async prepare(bundle) {
      if (bundle === second) await proved.promise;
      return ready(bundle);
    },
  });
  const reloads = [loader.reload(), loader.reload()];
  await nextTurn();
  proved.resolve();
  await Promise.all(reloads);
  loader.close();
  expect(loader.status()).toMatchObject({ revision: 'third', activations: 3 });
});

const OPTIONS = {
  required: true,
  maxStalenessMs: 60_000,
  now: () => NOON,
  onReload: () => {},
};

const ready = (bundle: Buffer) => createGeneration(readBundle(bundle), LIMITS, NOON);

/** One that sends no ETags. */
function serviceOf(give: () => Buffer | undefined): Source {
  return {
    name: 'a service',
    remote: true,
    fetch: async () => give(),
    forget() {},
    follow: () => ({ stop() {} }),
  };
}
