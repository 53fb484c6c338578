import { expect, it } from 'vitest';
import type { AuditEntry } from '../../../src/cli/audit/entry-view.ts';
import { createReleasedKeys } from '../../../src/cli/audit/released-keys.ts';

const at = (second: number) => `2026-01-01T00:00:0${second}Z`;
const released = (source: string, destination: string, second: number): AuditEntry => ({
  seq: second,
  kind: 'outcome',
  timestamp: at(second),
  input: { source: { key_arn: source }, destination: { key_arn: destination } },
});

it('counts each pair of keys for itself, the most used first, each with its last time', () => {
  const keys = createReleasedKeys();
  for (const entry of [
    released('a', 'x', 1),
    released('b', 'x', 3),
    released('b', 'x', 2),
    released('b', 'y', 4),
  ]) {
    keys.add(entry);
  }
  expect(keys.list()).toEqual([
    { source: 'b', destination: 'x', released: 2, last: at(3) },
    { source: 'a', destination: 'x', released: 1, last: at(1) },
    { source: 'b', destination: 'y', released: 1, last: at(4) },
  ]);
});
