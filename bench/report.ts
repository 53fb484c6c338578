import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';
import type { Comparison, Latency, Measured, Plan } from './measure.ts';
import { median } from './statistics.ts';
import { figure, textTable } from './table.ts';
import { type Target, verdictOf } from './targets.ts';

/** Everything of one run of the benchmark, as `--json` prints it. */
export interface Results {
  readonly date: string;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly plan: Plan;
  readonly rows: readonly RowResult[];
  readonly direct: LatencyResult;
  /** An fdatasync of 2 kB: the least that a durable entry costs on this disk. */
  readonly disk: LatencyResult;
  readonly targets: readonly (Target & { readonly verdict: string })[];
  readonly skipped: readonly { readonly title: string; readonly why: string }[];
}

interface LatencyResult {
  readonly p50_ms: number;
  readonly p99_ms: number;
}

interface RowResult {
  readonly id: string;
  readonly title: string;
  readonly cpu_us: number;
  readonly calls_per_second: number;
  readonly resident_mib: number;
  readonly added_p50_ms: number;
  readonly added_p99_ms: number;
  /** CPU microseconds per call of each round. */
  readonly rounds: readonly number[];
}

export function toResults(
  plan: Plan,
  compared: Comparison,
  rest: { readonly targets: readonly Target[]; readonly skipped: Results['skipped'] },
): Results {
  const direct = toLatency(compared.direct);
  return {
    date: new Date().toISOString(),
    machine: machine(),
    plan,
    rows: compared.rows.map((row) => toRow(row, direct)),
    direct,
    disk: toLatency(compared.disk),
    targets: rest.targets.map((target) => ({ ...target, verdict: verdictOf(target) })),
    skipped: [...compared.skipped.map(({ title, why }) => ({ title, why })), ...rest.skipped],
  };
}

/** The tables that the terminal gets. */
export function toText(results: Results): string {
  const { rows, targets, skipped } = results;
  const parts = [
    textTable(serverTable(rows)),
    floors(results),
    textTable(targetTable(targets)),
    ...skipped.map(({ title, why }) => `skipped: ${title}: ${why}`),
  ];
  return `${parts.join('\n\n')}\n`;
}

/** What the added latencies are measured from, and how much of them is the disk's. */
export function floors({ direct, disk }: Results): string {
  const told = ({ p50_ms, p99_ms }: LatencyResult) =>
    `p50 ${figure(p50_ms)} ms, p99 ${figure(p99_ms)} ms`;
  return `Added: over asking the fake KMS itself (${told(direct)}). An fdatasync of 2 kB on this disk, of which each call with fsync waits for two: ${told(disk)}.`;
}

export function serverTable(rows: Results['rows']): string[][] {
  const head = ['server', 'CPU µs/call', 'calls/s', 'MiB', 'added p50 ms', 'added p99 ms'];
  const body = rows.map((row) => [
    row.title,
    figure(row.cpu_us),
    row.calls_per_second.toFixed(0),
    row.resident_mib.toFixed(0),
    figure(row.added_p50_ms),
    figure(row.added_p99_ms),
  ]);
  return [head, ...body];
}

export function targetTable(targets: Results['targets']): string[][] {
  const body = targets.map(({ name, value, unit, must, goal, verdict }) => [
    name,
    `${figure(value)} ${unit}`.trim(),
    `${must}`,
    `${goal}`,
    verdict,
  ]);
  return [['figure', 'measured', 'must', 'goal', 'reached'], ...body];
}

const toLatency = ({ p50Ms, p99Ms }: Latency): LatencyResult => ({
  p50_ms: median(p50Ms),
  p99_ms: median(p99Ms),
});

function toRow(row: Measured, direct: Results['direct']): RowResult {
  const { p50_ms, p99_ms } = toLatency(row);
  return {
    id: row.id,
    title: row.title,
    cpu_us: median(row.cpuMicroseconds),
    calls_per_second: median(row.callsPerSecond),
    resident_mib: median(row.residentMiB),
    added_p50_ms: p50_ms - direct.p50_ms,
    added_p99_ms: p99_ms - direct.p99_ms,
    rounds: row.cpuMicroseconds,
  };
}

function machine() {
  const go = version('go', ['version']).replace(/^go version (\S+).*$/, '$1');
  return {
    cpu: cpus()[0]?.model ?? '',
    cores: cpus().length,
    memory_gib: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    go,
    // On a quiet machine this is two: the server and what is around it.
    load_average: Math.round(loadavg()[1] ?? 0),
  };
}

function version(command: string, args: string[]): string {
  try {
    return execFileSync(command, args, { encoding: 'utf8' }).trim();
  } catch {
    return 'none';
  }
}
