import { expect, test } from 'vitest';
import { liveNames, segmentsAmong } from '../../src/files/segment-names.ts';

test('a log with a checkpoint is no segment of a log with a shorter name', () => {
  const own = ['pod', 'pod-000000000000', 'pod.1'];
  const other = ['pod-0', 'pod-0-000000000000', 'pod-0.1'];
  const names = [...own, ...other, 'pod.checkpoint', 'pod-0.checkpoint'];
  expect(liveNames(names)).toEqual(['pod', 'pod-0']);
  expect(segmentsAmong(names, 'pod')).toEqual(own);
  expect(segmentsAmong(names, 'pod-0')).toEqual(other);
  const sealed = names.filter((name) => name !== 'pod-0.checkpoint');
  expect(segmentsAmong(sealed, 'pod')).toContain('pod-0');
});

test('two thousand stray checkpoints of like names are told apart within two seconds', () => {
  const strays = Array.from({ length: 2000 }, (_, n) => `audit.${n}.checkpoint`);
  const began = performance.now();
  expect(liveNames(['audit.jsonl', ...strays])).toEqual(['audit.jsonl']);
  expect(performance.now() - began).toBeLessThan(2000);
});
