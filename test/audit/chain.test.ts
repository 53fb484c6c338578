import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pack, toEventBody } from '../../src/audit/body.ts';
import { createStage, EMPTY_CHAIN } from '../../src/audit/log/chain.ts';

test('entries of any length get the same lines in one batch as one by one', () => {
  const lengths = fc.array(fc.oneof(fc.nat(300), fc.integer({ min: 60_000, max: 300_000 })), {
    minLength: 1,
    maxLength: 5,
  });
  fc.assert(
    fc.property(lengths, (all) => {
      const bodies = all.map((length) => toEventBody('x', 'now', { x: 'é'.repeat(length) }));
      const [together, alone] = [createStage(), createStage()];
      let chain = EMPTY_CHAIN;
      const lines = bodies.map((body) => {
        const staged = alone(chain, pack([body]));
        chain = staged.chain;
        return Buffer.from(staged.bytes);
      });
      const batch = together(EMPTY_CHAIN, pack(bodies));
      expect(batch.bytes.equals(Buffer.concat(lines))).toBe(true);
      expect(batch.chain).toEqual(chain);
    }),
    { numRuns: 12 },
  );
});
