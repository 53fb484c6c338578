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

test('what comes before the end of a call is joined with its intent', () => {
  const join = createJoin();
  join(entry('intent', 1));
  expect(join(entry('shadow', 1)).requested_by).toBe('10.0.0.1');
});

test('what comes after the end of a call is joined with it, and the newest calls are kept', () => {
  const join = createJoin();
  const count = 20_000;
  for (let id = 0; id < count; id += 1) {
    join(entry('intent', id));
    join(entry('outcome', id));
  }
  const refusal = { ...entry('refusal', count), input: {}, requested_by: 'here' };
  join(refusal);
  for (const kind of ['shadow', 'correction']) {
    expect(join(entry(kind, count)).requested_by).toBe('here');
    expect(join(entry(kind, count - 4_000)).requested_by).toBe(`10.0.0.${count - 4_000}`);
    expect(join(entry(kind, 0)).requested_by).toBeUndefined();
  }
});
