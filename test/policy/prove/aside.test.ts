import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { expect, onTestFinished, test } from 'vitest';
import { generationOf } from '../../../src/policy/generation.ts';
import { proveAside } from '../../../src/policy/prove/aside.ts';
import { proveArchive } from '../../../src/policy/prove/prove.ts';
import { SAMPLES } from '../../../src/policy/samples.ts';
import { openPoint } from '../open-point.ts';
import { bundleToken, signaturesFile } from '../signing.ts';
import { entriesOf, tarGz, withFile } from '../tar.ts';
import { archive, EXAMPLE, HAZARDS, NOON } from '../values.ts';

const LIMITS = { timeoutMs: 50, memoryBytes: 1 << 24 };

interface Data {
  readonly kms_reencrypt: { readonly principals: Record<string, unknown> };
}

/** The archive of the example with this many more principals, all with this rule. */
function exampleWith(count: number, rule: object): Buffer {
  return withFile(archive(EXAMPLE), '/data.json', (text) => {
    const data: Data = JSON.parse(text);
    for (let n = 0; n < count; n += 1) {
      data.kms_reencrypt.principals[`p-${n}`] = { kinds: ['jwt'], rules: [rule] };
    }
    return JSON.stringify(data);
  });
}

/** A module that was built elsewhere, against a builtin that is not there. */
function withForeignBuiltin(): Buffer {
  return tarGz(
    entriesOf(archive(HAZARDS)).map(({ name, content = '' }) => {
      const text = Buffer.from(content).toString('latin1');
      return {
        name,
        content: Buffer.from(text.replace('\0time.format\0', '\0time.farmat\0'), 'latin1'),
      };
    }),
  );
}

test('a bundle proved in a thread decides like one proved in place', async () => {
  const toProve = { archive: archive(EXAMPLE), limits: LIMITS };
  const aside = generationOf(await proveAside(toProve), LIMITS);
  const here = generationOf(proveArchive(toProve), LIMITS);
  expect(aside.bundle).toEqual(here.bundle);
  for (const sample of Object.values(SAMPLES)) {
    const input = JSON.stringify(sample);
    expect(aside.judge(input, NOON)).toEqual(here.judge(input, NOON));
  }
  expect(toProve.archive.length, 'the archive itself stays whole').toBeGreaterThan(0);
});

test.each([
  ['data', exampleWith(1, { id: 'r', source: {} }), /rule r: destination must be there/],
  [
    'module',
    withForeignBuiltin(),
    /builtins that the proxy does not have: time\.farmat; policy build/,
  ],
  ['archive', archive(EXAMPLE).subarray(0, 20_000), /not a complete gzipped tar/],
])('a bundle whose %s is wrong is reported in the same words', async (_, wrong, sentence) => {
  const toProve = { archive: wrong, limits: LIMITS };
  const message = messageOf(() => proveArchive(toProve));
  expect(message).toMatch(sentence);
  await expect(proveAside(toProve)).rejects.toMatchObject({ name: 'BundleFault', message });
});

test('a thread verifies as strictly as the main thread, and by the same key', async () => {
  const { publicKey, privateKey: key } = generateKeyPairSync('ed25519');
  const keys = { k: { algorithm: 'EdDSA', key: publicKey } } as const;
  const options = { limits: LIMITS, verification: { keys } };
  const files = entriesOf(archive(EXAMPLE));
  const token = bundleToken({ key, algorithm: 'EdDSA', files });
  await proveAside({ ...options, archive: tarGz([...files, signaturesFile(token)]) });
  await expect(proveAside({ ...options, archive: tarGz(files) })).rejects.toThrow(
    'the bundle must be signed',
  );
});

test('a thread that ends without a result has proved nothing', async () => {
  const limits = { ...LIMITS, memoryBytes: -(2 ** 40) };
  await expect(proveAside({ archive: archive(EXAMPLE), limits })).rejects.toThrow(
    /^the bundle cannot be proved: /,
  );
});

/** What blocks the loop does so every time; a machine that stands still for a moment does not. */
const DESPITE_STALLS = { retry: 2 };

test('proving a large bundle does not block the event loop', DESPITE_STALLS, async () => {
  const rule = { id: 'r', source: { keys: ['alias/a'] }, destination: {} };
  const large = exampleWith(1_500, rule);
  expect(await blocked(() => proveAside({ archive: large, limits: LIMITS }))).toBeLessThan(0.5);
});

test('nor does a reload that reads a large bundle, only to refuse it', DESPITE_STALLS, async () => {
  const file = join(tmpdir(), `aside-${randomUUID()}.tar.gz`);
  onTestFinished(() => rm(file));
  await writeFile(file, archive(EXAMPLE));
  const point = await openPoint({ source: file });
  onTestFinished(point.close);
  const data = JSON.stringify({ numbers: Array(1_000_000).fill(0) });
  await writeFile(file, tarGz([{ name: '/data.json', content: data }]));
  const refused = () => expect(point.reload()).rejects.toThrow('no Wasm module');
  expect(await blocked(refused)).toBeLessThan(0.5);
});

/** The longest turn of the event loop, as a share of the time that the work takes. */
async function blocked(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  let [longest, last] = [0, began];
  const turn = () => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  };
  const turns = setInterval(turn);
  await work();
  turn();
  clearInterval(turns);
  return longest / (performance.now() - began);
}

function messageOf(act: () => unknown): string {
  try {
    act();
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : '';
  }
  return '';
}
