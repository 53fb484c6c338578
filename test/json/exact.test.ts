import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseJson } from '../../src/json/exact.ts';

const ESCAPED = ['\\n', '\\u00e9', '\\"', '\\\\u', '\\u0000'];

describe('JSON of others', () => {
  test.each(ESCAPED)('keeps the key %s after an object with the key \\', (key) => {
    parseJson('{"poisoned":1,"\\\\":2}');
    const [name] = JSON.parse(`["${key}"]`);
    expect(Object.keys(parseJson(`{"poisoned":1,"${key}":2}`) as object)).toEqual([
      'poisoned',
      name,
    ]);
  });

  test('keeps it within one text too', () => {
    const text = '{"a":{"within":1,"\\\\":2},"b":{"within":1,"\\n":2}}';
    expect(parseJson(text)).toEqual({ a: { within: 1, '\\': 2 }, b: { within: 1, '\n': 2 } });
  });

  test('has __proto__ as a key like any other', () => {
    const parsed = parseJson('{"__proto__":{"x":"\\n"}}') as object;
    expect(Object.keys(parsed)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype);
  });

  test('of any value comes back as it was', () => {
    const odd = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('\\', '\n', '"', '{', ':'),
    );
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        odd,
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.constantFrom(true, false, null),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(odd, tie('value'), { maxKeys: 3, noNullPrototype: true }),
      ),
    }));
    fc.assert(
      fc.property(value, (json) => {
        expect(JSON.stringify(parseJson(JSON.stringify(json)))).toBe(JSON.stringify(json));
      }),
      { numRuns: 500 },
    );
  });

  test('may be one string of 8 MiB, escaped throughout', () => {
    const long = '{\\"'.repeat((8 << 20) / 3);
    expect(parseJson(JSON.stringify({ long })) as object).toEqual({ long });
  });

  test('is refused as any that is wrong where it is nested without end', () => {
    const text = `${'['.repeat(100_000)}"\\n"${']'.repeat(100_000)}`;
    expect(() => parseJson(text)).toThrow(SyntaxError);
  });

  test.each(['', '{', '{"a":}', '{"a\\":1}', '[1,]', '{"a":1}x', '"\\x"'])('refuses %j', (text) => {
    expect(() => parseJson(text)).toThrow(SyntaxError);
  });
});
