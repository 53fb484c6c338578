import fc from 'fast-check';
import { expect, test } from 'vitest';
import { contextKeys } from '../src/encryption-context.ts';

test('names the keys of a context in the order of their code units, however they were written', () => {
  const names = fc.constantFrom('a', 'ab', 'B', '9', '10', '-1', 'é', '\uFB01', '\u{1F511}');
  const contexts = fc.dictionary(names, fc.constant('v'));
  fc.assert(
    fc.property(contexts, (context) => {
      expect(contextKeys(context)).toEqual(Object.keys(context).sort());
    }),
  );
});
