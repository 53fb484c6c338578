import { expect, test } from 'vitest';
import { createJoin } from '../../../src/cli/audit/join.ts';

const entry = (kind: string, id: number) => ({
  ...{ seq: id, kind, timestamp: '', decision_id: `${id}` },
  ...(kind === 'intent' ? { requested_by: `10.0.0.${id}` } : {}),
});

test('of intents without outcomes, the newest are joined and no more than some are kept', () => {
  const join = createJoin();
  const count = 150_000;
  for (let id = 0; id < count; id += 1) join(entry('intent', id));
  for (let id = count - 50_000; id < count; id += 1) {
    expect(join(entry('outcome', id)).requested_by).toBe(`10.0.0.${id}`);
  }
  expect(join(entry('outcome', count - 1)).intent).toBeUndefined();
  expect(join(entry('outcome', 0)).intent).toBeUndefined();
});
