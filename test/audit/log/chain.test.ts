import { expect, test } from 'vitest';
import { pack, toEventBody } from '../../../src/audit/entries/body.ts';
import { createStage, EMPTY_CHAIN } from '../../../src/audit/log/chain.ts';

test('entries of any length get the same lines in one batch as one by one', () => {
  for (const lengths of [[3], [10, 300_000, 0, 700_000, 5], [200_000, 60_000, 1, 300_000]]) {
    const bodies = lengths.map((length) => toEventBody('x', 'now', { x: 'x'.repeat(length) }));
    const alone = createStage();
    let chain = EMPTY_CHAIN;
    const lines = bodies.map((body) => {
      const staged = alone(chain, pack([body]));
      chain = staged.chain;
      return Buffer.from(staged.bytes);
    });
    const batch = createStage()(EMPTY_CHAIN, pack(bodies));
    expect(batch.bytes.equals(Buffer.concat(lines)), String(lengths)).toBe(true);
    expect(batch.chain).toEqual(chain);
  }
});
