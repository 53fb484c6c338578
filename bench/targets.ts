import type { Comparison, Measured } from './measure.ts';
import { median, medianRatio } from './statistics.ts';

/** A figure that the project holds itself to; `value` is NaN where it could not be measured. */
export interface Target {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly must: number;
  readonly goal: number;
  /** Most figures are to be small; a few, such as a speed-up, are to be large. */
  readonly direction?: 'at_most' | 'at_least';
}

/** The ratios and latencies of one comparison. */
export function targetsOf({ rows, direct }: Comparison): readonly Target[] {
  const find = (id: string) => rows.find((row) => row.id === id);
  const cpu = (above: string, below: string) =>
    medianRatio(find(above)?.cpuMicroseconds ?? [], find(below)?.cpuMicroseconds ?? []);
  const added = (id: string, quantile: 'p50Ms' | 'p99Ms') => addedBy(find(id), direct, quantile);
  const all = 'proxy, all on, fsync';
  return [
    ratio(`${all} / Go peer with OPA, CPU per call`, cpu('proxy', 'go_opa'), 0.55, 0.4),
    ratio(`${all} / bare grpc-js → AWS SDK, CPU per call`, cpu('proxy', 'bare_sdk'), 0.45, 0.3),
    ratio(`${all} / bare grpc-js echo, CPU per call`, cpu('proxy', 'echo'), 3.5, 2.5),
    ms('added p50 at 500 calls/s, fsync', added('proxy', 'p50Ms'), 1.5, 1),
    ms('added p99 at 500 calls/s, fsync', added('proxy', 'p99Ms'), 5, 3),
    ms('added p50 at 500 calls/s, write', added('proxy_write', 'p50Ms'), 0.8, 0.5),
    ms('added p99 at 500 calls/s, write', added('proxy_write', 'p99Ms'), 3, 2),
    {
      name: 'resident set under saturation, fsync',
      value: median(find('proxy')?.residentMiB ?? []),
      unit: 'MiB',
      must: 140,
      goal: 110,
    },
    ratio('mutual TLS / plaintext, CPU per call', cpu('proxy_mtls', 'proxy'), 1.2, 1.1),
    ratio('CPU per call at 10,000 rules / at 10 rules', cpu('proxy_10k', 'proxy'), 1.1, 1.02),
  ];
}

export function verdictOf({ value, must, goal, direction = 'at_most' }: Target): string {
  if (Number.isNaN(value)) return 'not measured';
  const reaches = (bar: number) => (direction === 'at_most' ? value <= bar : value >= bar);
  if (reaches(goal)) return 'goal';
  return reaches(must) ? 'must' : 'MISSED';
}

function addedBy(row: Measured | undefined, direct: Comparison['direct'], of: 'p50Ms' | 'p99Ms') {
  return row === undefined ? Number.NaN : median(row[of]) - median(direct[of]);
}

const ratio = (name: string, value: number, must: number, goal: number): Target => ({
  name,
  value,
  unit: '',
  must,
  goal,
});

const ms = (name: string, value: number, must: number, goal: number): Target => ({
  name,
  value,
  unit: 'ms',
  must,
  goal,
});
