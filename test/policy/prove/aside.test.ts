import { performance } from 'node:perf_hooks';
import { expect, test } from 'vitest';
import { type Bundle, readBundle } from '../../../src/policy/bundle/bundle.ts';
import { createGeneration } from '../../../src/policy/generation.ts';
import { proveAside } from '../../../src/policy/prove/aside.ts';
import { prove } from '../../../src/policy/prove/prove.ts';
import { SAMPLES } from '../../../src/policy/samples.ts';
import { entriesOf, tarGz } from '../tar.ts';
import { archive, EXAMPLE, NOON } from '../values.ts';

const LIMITS = { timeoutMs: 50, memoryBytes: 1 << 24 };

interface Data {
  readonly kms_reencrypt: { readonly principals: Record<string, unknown> };
}

/** The example with this many more principals, all with this rule. */
function exampleWith(count: number, rule: object): Bundle {
  const entries = entriesOf(archive(EXAMPLE)).map((entry) => {
    if (entry.name !== '/data.json') return entry;
    const data: Data = JSON.parse(Buffer.from(entry.content ?? '').toString());
    for (let n = 0; n < count; n += 1) {
      data.kms_reencrypt.principals[`p-${n}`] = { kinds: ['jwt'], rules: [rule] };
    }
    return { ...entry, content: JSON.stringify(data) };
  });
  return readBundle(tarGz(entries));
}

test('a bundle proved in a thread decides like one proved in place', async () => {
  const bundle = readBundle(archive(EXAMPLE));
  const aside = createGeneration(bundle, LIMITS, await proveAside(bundle, LIMITS));
  const here = createGeneration(bundle, LIMITS);
  for (const sample of Object.values(SAMPLES)) {
    const input = JSON.stringify(sample);
    expect(aside.judge(input, NOON)).toEqual(here.judge(input, NOON));
  }
  expect(bundle.wasm.length, 'the bundle itself stays whole').toBeGreaterThan(0);
});

test('a wrong bundle is reported in the same words', async () => {
  const wrong = exampleWith(1, { id: 'r', source: {} });
  expect(() => prove(wrong, LIMITS)).toThrow(/rule r: destination must be there/);
  const told = await proveAside(wrong, LIMITS).catch((thrown: unknown) => thrown);
  expect(told).toMatchObject({
    name: 'BundleFault',
    message: messageOf(() => prove(wrong, LIMITS)),
  });
});

test('a thread that ends without a result has proved nothing', async () => {
  const bundle = readBundle(archive(EXAMPLE));
  await expect(proveAside(bundle, { ...LIMITS, memoryBytes: -(2 ** 40) })).rejects.toThrow(
    /^the bundle cannot be proved: /,
  );
});

test('proving a large bundle does not block the event loop', async () => {
  const large = exampleWith(1_500, { id: 'r', source: { keys: ['alias/a'] }, destination: {} });
  const began = performance.now();
  let [longest, last] = [0, began];
  const turn = () => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  };
  const turns = setInterval(turn);
  await proveAside(large, LIMITS);
  turn();
  clearInterval(turns);
  expect(longest).toBeLessThan((performance.now() - began) / 2);
});

function messageOf(act: () => unknown): string {
  try {
    act();
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : '';
  }
  return '';
}
