import { setImmediate as nextTurn, setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { readBundle } from '../../../src/policy/bundle/bundle.ts';
import { BundleFault } from '../../../src/policy/bundle/fault.ts';
import { createGeneration } from '../../../src/policy/generation.ts';
import { createLoader, type ReloadEvent } from '../../../src/policy/loading/loader.ts';
import type { Source } from '../../../src/policy/sources/source.ts';
import { withManifest } from '../tar.ts';
import { archive, EXAMPLE, NOON } from '../values.ts';

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

const kept = (savedAt = NOON) => ({
  read: async () => ({ archive: withManifest(archive(EXAMPLE), { revision: 'kept' }), savedAt }),
  save: async () => {},
});

test('a kept bundle stands in for a service that is silent, until that answers', async () => {
  const answer = Promise.withResolvers<Buffer>();
  const source = { ...serviceOf(() => undefined), fetch: () => answer.promise };
  const prepare = async (bundle: Buffer) => ready(bundle);
  const loader = await createLoader({ ...OPTIONS, source, prepare, persisted: kept(), firstMs: 1 });
  expect(loader.status().revision).toBe('kept');
  const next = loader.reload();
  answer.resolve(withManifest(archive(EXAMPLE), { revision: 'new' }));
  await next;
  expect(loader.status().revision).toBe('new');
});

test('a kept bundle does not replace the one that a slow service gave while it was proved', async () => {
  const answer = Promise.withResolvers<Buffer>();
  const fresh = Promise.withResolvers<void>();
  const source = { ...serviceOf(() => undefined), fetch: () => answer.promise };
  const made = createLoader({
    ...OPTIONS,
    source,
    async prepare(bundle) {
      const generation = ready(bundle);
      if (generation.bundle.revision !== 'kept') return generation;
      answer.resolve(withManifest(archive(EXAMPLE), { revision: 'new' }));
      await fresh.promise;
      return generation;
    },
    persisted: kept(),
    firstMs: 1,
    onReload: () => fresh.resolve(),
  });
  expect((await made).status()).toMatchObject({ revision: 'new', activations: 1 });
});

test('a candidate of a service that is silent does not hold up the start', async () => {
  const source = { ...serviceOf(() => undefined), fetch: () => new Promise<never>(() => {}) };
  const prepare = async (bundle: Buffer) => ready(bundle);
  const loader = await createLoader({ ...OPTIONS, source, prepare, required: false, firstMs: 1 });
  expect(loader.current()).toBeUndefined();
});

test.each([
  ['a local bundle that takes long to prove', false],
  ['a slow service, if nothing can stand in', true],
])('the start waits for %s', async (_, remote) => {
  const source = { ...serviceOf(() => archive(EXAMPLE)), remote };
  const prepare = async (bundle: Buffer) => {
    await setTimeout(20);
    return ready(bundle);
  };
  const loader = await createLoader({ ...OPTIONS, source, prepare, firstMs: 1 });
  expect(loader.status()).toMatchObject({ revision: 'example-2', error: '' });
});

test('a source is followed as one that lacks a bundle until it has given one', async () => {
  let away = true;
  let lacking = () => false;
  const source: Source = {
    ...serviceOf(() => {
      if (away) throw new BundleFault('away');
      return archive(EXAMPLE);
    }),
    follow(_, asked) {
      lacking = asked;
      return { stop() {} };
    },
  };
  const prepare = async (bundle: Buffer) => ready(bundle);
  const loader = await createLoader({ ...OPTIONS, source, prepare });
  expect(lacking()).toBe(true);
  away = false;
  await loader.reload();
  expect(lacking()).toBe(false);
});

test('a kept bundle from the future becomes stale as if it were saved now', async () => {
  let now = NOON;
  const source = serviceOf(() => {
    throw new BundleFault('away');
  });
  const prepare = async (bundle: Buffer) => ready(bundle);
  const persisted = kept(NOON + 3_600_000);
  const loader = await createLoader({ ...OPTIONS, source, prepare, persisted, now: () => now });
  expect(loader.staleness()).toBe('');
  now += OPTIONS.maxStalenessMs + 1;
  expect(loader.staleness()).toContain('has not answered for too long');
});

test('a clock that is set back while the service is silent does not keep its bundle in force for longer', async () => {
  let now = NOON;
  const source = serviceOf(() => archive(EXAMPLE));
  const prepare = async (bundle: Buffer) => ready(bundle);
  const loader = await createLoader({ ...OPTIONS, source, prepare, now: () => now });
  now -= 3_600_000;
  expect(loader.staleness()).toBe('');
  now += OPTIONS.maxStalenessMs + 1;
  expect(loader.staleness()).toContain('has not answered for too long');
});

const OPTIONS = {
  required: true,
  maxStalenessMs: 60_000,
  now: () => NOON,
  onReload: () => {},
};

const ready = (bundle: Buffer) => createGeneration(readBundle(bundle), LIMITS);

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
