import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keysOf } from '../src/call.ts';

test('names the keys of a context in the order of their code units, however they were written', () => {
  const contexts = fc.dictionary(fc.string({ unit: 'binary' }), fc.string(), { maxKeys: 8 });
  fc.assert(
    fc.property(contexts, (context) => {
      expect(keysOf(context)).toEqual(Object.keys(context).sort());
    }),
  );
});
