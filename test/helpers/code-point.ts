import fc from 'fast-check';

const SURROGATES = 0x800;

/** Any code point but surrogates: fast-check's own unit `binary` takes 1.5 s of CPU to list them all. */
export const codePoint = fc
  .integer({ min: 0, max: 0x10ffff - SURROGATES })
  .map((index) => String.fromCodePoint(index < 0xd800 ? index : index + SURROGATES), indexOf);

/** With it, strings can be shrunk, and the strings that fast-check knows as dangerous come up. */
function indexOf(text: unknown): number {
  const [first = '', second] = String(text);
  if (first === '' || second !== undefined) throw new Error('not one code point');
  const point = first.codePointAt(0) ?? 0;
  return point < 0xd800 ? point : point - SURROGATES;
}
