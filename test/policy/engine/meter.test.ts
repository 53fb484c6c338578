import { Buffer } from 'node:buffer';
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readBundle } from '../../../src/policy/bundle/bundle.ts';
import { createEngine } from '../../../src/policy/engine/engine.ts';
import { FUEL, meter } from '../../../src/policy/engine/meter.ts';
import { loadProgram } from '../../../src/policy/engine/program.ts';
import { SAMPLES } from '../../../src/policy/samples.ts';
import { archive, EXAMPLE } from '../values.ts';

const { loadPolicySync }: typeof import('@open-policy-agent/opa-wasm') = createRequire(
  import.meta.url,
)('@open-policy-agent/opa-wasm');

const { wasm, data } = readBundle(archive(EXAMPLE));
const limits = { fuel: 5_000_000, memoryBytes: 1 << 24 };
const context = { nowNs: 0n };

describe('a metered module', () => {
  it('decides as the module that opa built, on any principal, key and context', () => {
    const plain = loadPolicySync(wasm);
    plain.setData(JSON.parse(Buffer.from(data).toString()));
    const engine = createEngine({
      program: loadProgram({ wasm, data }),
      limits,
    });
    const alias = fc.constantFrom('alias/demo-source', 'alias/demo-destination', '');
    const tenant = fc.dictionary(fc.constantFrom('tenant', 'x'), fc.constantFrom('a', 'b'));
    const input = fc.record({
      base: fc.constantFrom(...Object.values(SAMPLES)),
      source: fc.record({ alias, encryption_context: tenant, known: fc.boolean() }),
      destination: fc.record({ alias }),
      kept: fc.subarray(['tenant', 'x']),
    });
    fc.assert(
      fc.property(input, ({ base, source, destination, kept }) => {
        const asked = {
          ...base,
          source: { ...base.source, ...source },
          destination: { ...base.destination, ...destination },
          relation: { ...base.relation, context: { ...base.relation.context, kept } },
        };
        const ours = JSON.parse(
          engine.evaluate({ entrypoint: 0, input: JSON.stringify(asked), context }),
        );
        expect(ours).toEqual(plain.evaluate(asked));
      }),
      { numRuns: 500 },
    );
  });

  it('exports its fuel, and otherwise has the same exports and imports', () => {
    const [opas, metered] = [wasm, meter(wasm)].map((bytes) => new WebAssembly.Module(bytes));
    if (!opas || !metered) throw new Error('two modules');
    const fuel = { name: FUEL, kind: 'global' };
    const { exports, imports } = WebAssembly.Module;
    expect(exports(metered)).toEqual([...exports(opas), fuel]);
    expect(imports(metered)).toEqual(imports(opas));
  });

  it('needs the same fuel each time, to the unit', () => {
    const program = loadProgram({ wasm, data });
    const input = JSON.stringify(SAMPLES['a workload']);
    const decides = (fuel: number) => {
      const engine = createEngine({ program, limits: { ...limits, fuel } });
      const runs = [1, 2, 3].map(() =>
        isDecided(() => engine.evaluate({ entrypoint: 0, input, context })),
      );
      expect(new Set(runs).size, `${fuel} units`).toBe(1);
      return runs[0];
    };
    let [few, enough] = [0, 1 << 17];
    while (enough - few > 1) {
      const between = (few + enough) >> 1;
      if (decides(between)) enough = between;
      else few = between;
    }
    expect([decides(few), decides(enough)]).toEqual([false, true]);
    expect(enough).toBeGreaterThan(1_000);
  });

  it('stops an endless start function, which OPA never makes', () => {
    const loops = [
      ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0],
      ...[6, 6, 1, 0x7f, 1, 0x41, 0, 0x0b, 7, 1, 0, 8, 1, 0],
      ...[0x0a, 9, 1, 7, 0, 0x03, 0x40, 0x0c, 0, 0x0b, 0x0b],
    ];
    const module = new WebAssembly.Module(meter(Uint8Array.from(loops)));
    expect(() => new WebAssembly.Instance(module, {})).toThrow(/unreachable/);
  });

  it('counts on a global of its own, whatever the module imports before it', () => {
    const imports = [
      ...[1, 0x61, 1, 0x66, 0, 0],
      ...[1, 0x61, 1, 0x74, 1, 0x70, 1, 1, 2],
      ...[1, 0x61, 1, 0x6d, 2, 0, 1],
      ...[1, 0x61, 1, 0x67, 3, 0x7f, 0],
    ];
    const importing = [
      ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0],
      ...[2, imports.length + 1, 4, ...imports, 3, 2, 1, 0],
      ...[6, 6, 1, 0x7f, 1, 0x41, 0, 0x0b, 7, 1, 0],
      ...[0x0a, 4, 1, 2, 0, 0x0b],
    ];
    const module = new WebAssembly.Module(meter(Uint8Array.from(importing)));
    const a = {
      f: () => {},
      t: made('Table', { initial: 1, maximum: 2, element: 'anyfunc' }),
      m: made('Memory', { initial: 1 }),
      g: made('Global', { value: 'i32' }, 0),
    };
    const { exports } = new WebAssembly.Instance(module, { a });
    expect(exports).toMatchObject({ [FUEL]: { value: 2 ** 27 } });
  });

  it.each<[string, Endless]>([
    ['fills up its own fuel', { code: [LOOP, 0x40, 0x41, 1, 0x24, 1, 0x0c, 0, 0x0b] }],
    ['hides a loop behind a local', { locals: [1, 1, 0x63, 0x20], code: LOOPS }],
    ['hides a loop behind a type', { code: [0x02, 0x63, 0x20, ...LOOPS, 0, 0x0b, 0x1a] }],
    ['hides a loop behind a load', { code: [0x41, 0, 0x28, 0x42, 1, 0x41, ...LOOPS, 0x1a] }],
  ])('is not made from a module that %s and so never stops', (_, endless) => {
    expect(() => meter(moduleOf(endless))).toThrow(RangeError);
  });

  it('is not made from a damaged module, or one that OPA did not make', () => {
    expect(() => meter(wasm.subarray(0, 2_000))).toThrow();
    expect(() => meter(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]))).toThrow(
      /OPA did not make it/,
    );
  });
});

/** The types of src/policy/engine have no constructor for these. */
const made = (name: string, ...given: unknown[]): unknown =>
  Reflect.construct(Reflect.get(WebAssembly, name), given);

interface Endless {
  readonly locals?: readonly number[];
  readonly code: readonly number[];
}

const LOOP = 0x03;
const LOOPS = [LOOP, 0x40, 0x0c, 0, 0x0b];
const TYPES = 0x21;

/** A module of two memories and one global that runs `code` at start. */
function moduleOf({ locals = [0], code }: Endless): Uint8Array {
  const types = Array.from({ length: TYPES }, () => [0x60, 0, 0]).flat();
  const body = [...locals, ...code, 0x0b];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[1, types.length + 1, TYPES, ...types, 3, 2, 1, 0],
    ...[5, 5, 2, 0, 1, 0, 1, 6, 6, 1, 0x7f, 1, 0x41, 0, 0x0b, 8, 1, 0],
    ...[0x0a, body.length + 2, 1, body.length, ...body],
  ]);
}

function isDecided(evaluate: () => unknown): boolean {
  try {
    evaluate();
    return true;
  } catch (thrown) {
    expect(thrown).toMatchObject({ kind: 'fuel' });
    return false;
  }
}
