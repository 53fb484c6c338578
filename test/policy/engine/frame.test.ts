import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readBundle } from '../../../src/policy/bundle/bundle.ts';
import { createEngine } from '../../../src/policy/engine/engine.ts';
import { type Frame, type Input, wholeText } from '../../../src/policy/engine/frame.ts';
import { loadProgram } from '../../../src/policy/engine/program.ts';
import { createFraming } from '../../../src/policy/framing.ts';
import { toInput } from '../../../src/policy/input.ts';
import { aCall, archive, keyFacts, resolved } from '../values.ts';

const frameInput = createFraming();

const { wasm, data } = readBundle(archive('test/fixtures/policies/mirror/bundle.tar.gz'));
const context = { nowNs: 0n };

function openMirror() {
  const limits = { fuel: 50_000_000, memoryBytes: 1 << 24 };
  return createEngine({
    program: loadProgram({ wasm, data }),
    limits,
  });
}

type Mirror = ReturnType<typeof openMirror>;

/** The input as a policy sees it. */
function seen(mirror: Mirror, input: string | Input): unknown {
  const [{ result }] = JSON.parse(mirror.evaluate({ entrypoint: 0, input, context }));
  return JSON.parse(result);
}

const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const value = fc
  .oneof(text, fc.dictionary(text, text, { maxKeys: 20 }), fc.array(text))
  .map((of) => JSON.stringify(of));

const SLOTS = [['a'], ['b', 'c'], ['b', 'd']] as const;
const frame = (fixed: string): Frame => ({
  pieces: ['{"a":', ',"b":{"c":', ',"d":', `},"e":${JSON.stringify(fixed)}}`],
  slots: SLOTS,
});

describe('a framed input', () => {
  it('may need more memory than there is yet', () => {
    const long = JSON.stringify('ü'.repeat(1_000_000));
    const framed = { frame: frame('x'), values: [long, '1', '2'] };
    expect(seen(openMirror(), framed)).toEqual(JSON.parse(wholeText(framed)));
    expect(seen(openMirror(), wholeText(framed))).toEqual(JSON.parse(wholeText(framed)));
  });

  it('is the same to policy as its text, whatever came before', () => {
    const mirror = openMirror();
    const frames = ['', 'x', 'ü😀'.repeat(50)].map(frame);
    const input = fc.record({
      frame: fc.constantFrom(...frames),
      values: fc.tuple(value, value, value),
    });
    fc.assert(
      fc.property(fc.array(input, { minLength: 1, maxLength: 8 }), (inputs) => {
        for (const one of inputs) {
          expect(seen(mirror, one)).toEqual(JSON.parse(wholeText(one)));
          expect(seen(mirror, wholeText(one))).toEqual(JSON.parse(wholeText(one)));
        }
      }),
      { numRuns: 100 },
    );
  });

  it('is right for more pairs of keys than are cached', () => {
    const mirror = openMirror();
    const destination = keyFacts('alias/d');
    const pairs = Array.from({ length: 2_300 }, (_, i) =>
      resolved({ id: `call-${i}` }, { keys: { source: keyFacts(`alias/s-${i}`), destination } }),
    );
    for (const [at, pair] of [...pairs, ...pairs.toReversed()].entries()) {
      const framed = frameInput(pair, 'request');
      // Looking at each would take seconds.
      if (at % 10 === 0) expect(seen(mirror, framed)).toEqual(toInput(pair, 'request'));
    }
  });

  it('is right when a value exceeds the initial memory', () => {
    const mirror = openMirror();
    const large = { frame: frame(''), values: ['"'.concat('x'.repeat(1 << 20), '"'), '1', '2'] };
    const small = { ...large, values: ['"s"', '1', '2'] };
    for (const one of [small, large, small]) {
      expect(seen(mirror, one)).toEqual(JSON.parse(wholeText(one)));
    }
  });

  it('is right in the instance that replaces one that threw', () => {
    const mirror = openMirror();
    const asked = frameInput(resolved(aCall()), 'request');
    const before = seen(mirror, asked);
    expect(() => seen(mirror, '{"a":')).toThrow('the input is not JSON');
    expect(() => seen(mirror, { ...asked, values: [] })).toThrow('the input is not JSON');
    expect(seen(mirror, asked)).toEqual(before);
  });
});
