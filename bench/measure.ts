import { join } from 'node:path';
import { type Lab, ROOT } from './lab.ts';
import { CORE, runPinned, type Start } from './processes.ts';
import type { Row, Server } from './rows.ts';

export interface Plan {
  readonly rounds: number;
  /** Calls before anything counts: V8 compiles by calls, not by seconds … */
  readonly warmUpCalls: number;
  /** … but no longer than this. */
  readonly warmUpSeconds: number;
  readonly seconds: number;
  readonly inFlight: number;
  /** Calls per second while latency is measured. */
  readonly rate: number;
}

/** What was measured of one server, one figure per round. */
export interface Measured {
  readonly id: string;
  readonly title: string;
  readonly cpuMicroseconds: number[];
  readonly callsPerSecond: number[];
  readonly residentMiB: number[];
  readonly p50Ms: number[];
  readonly p99Ms: number[];
}

export interface Comparison {
  readonly rows: readonly Measured[];
  /** Calling the fake KMS itself, with the same load. */
  readonly direct: Latency;
  /** An fdatasync of 2 kB, measured without the proxy. */
  readonly disk: Latency;
  /** Rows that could not run, and why. */
  readonly skipped: readonly {
    readonly id: string;
    readonly title: string;
    readonly why: string;
  }[];
}

/** All servers run all the time and take turns, so any disturbance of the machine affects all. */
export async function compare(lab: Lab, rows: readonly Row[], plan: Plan): Promise<Comparison> {
  const started: Started[] = [];
  const skipped: Comparison['skipped'][number][] = [];
  try {
    for (const row of rows) {
      say(`${row.title}: warming up`);
      try {
        started.push(await startWarm(lab, row, plan));
      } catch (error) {
        skipped.push({ id: row.id, title: row.title, why: toMessage(error) });
      }
    }
    return { ...(await takeTurns(lab, started, plan)), skipped };
  } finally {
    for (const { server } of started) await stopAll(server);
  }
}

async function takeTurns(lab: Lab, started: readonly Started[], plan: Plan) {
  const direct: Latency = { p50Ms: [], p99Ms: [] };
  const disk: Latency = { p50Ms: [], p99Ms: [] };
  for (let round = 1; round <= plan.rounds; round += 1) {
    // Forwards, then backwards, so a slow drift of the machine favours no server.
    const turns = round % 2 === 1 ? started : started.toReversed();
    for (const { server, measured } of turns) {
      say(`round ${round} of ${plan.rounds}: ${measured.title}`);
      await saturated(lab, server, measured, plan);
    }
    for (const { server, measured } of turns) await paced(lab, server.target, measured, plan);
    await paced(lab, ['-protocol', 'json', '-target', lab.kms.url], direct, plan);
    await synced(lab, disk, plan);
  }
  return { rows: started.map(({ measured }) => measured), direct, disk };
}

const toMessage = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

interface Started {
  readonly server: Server;
  readonly measured: Measured;
}

async function startWarm(lab: Lab, row: Row, plan: Plan): Promise<Started> {
  const server = await row.start(lab);
  try {
    await warmUp(lab, server, plan);
  } catch (error) {
    await stopAll(server);
    throw error;
  }
  return { server, measured: empty(row) };
}

const WARM_UP_TURN_SECONDS = 2;

async function warmUp(lab: Lab, { target }: Server, plan: Plan): Promise<void> {
  const flags = ['-duration', `${WARM_UP_TURN_SECONDS}s`, ...saturate(plan)];
  let done = 0;
  for (let spent = 0; spent < plan.warmUpSeconds; spent += WARM_UP_TURN_SECONDS) {
    done += (await load(lab, target, flags)).calls;
    if (done >= plan.warmUpCalls) return;
  }
}

async function stopAll({ processes }: Server): Promise<void> {
  for (const process of processes) await process.stop();
}

const empty = ({ id, title }: Row): Measured => ({
  id,
  title,
  cpuMicroseconds: [],
  callsPerSecond: [],
  residentMiB: [],
  p50Ms: [],
  p99Ms: [],
});

const saturate = ({ inFlight }: Plan) => ['-inflight', String(inFlight)];

async function saturated(lab: Lab, server: Server, measured: Measured, plan: Plan): Promise<void> {
  const cpu = () => sum(server.processes.map((process) => process.cpuMicroseconds()));
  const before = cpu();
  const flags = ['-duration', `${plan.seconds}s`, ...saturate(plan)];
  const { calls, seconds } = await load(lab, server.target, flags);
  measured.cpuMicroseconds.push((cpu() - before) / calls);
  measured.callsPerSecond.push(calls / seconds);
  measured.residentMiB.push(sum(server.processes.map((process) => process.residentMiB())));
}

export type Latency = Pick<Measured, 'p50Ms' | 'p99Ms'>;

async function paced(lab: Lab, target: readonly string[], latency: Latency, plan: Plan) {
  // Otherwise the kernel writes out one server's cached data while the next waits for the disk.
  await runPinned({ core: CORE.around, command: 'sync', args: [], cwd: ROOT });
  const flags = ['-duration', `${plan.seconds}s`, '-rate', String(plan.rate)];
  note(latency, await load(lab, target, flags));
}

async function synced({ folder }: Lab, latency: Latency, { rate, seconds }: Plan): Promise<void> {
  const args = [join(ROOT, 'bench/load/disk.ts'), join(folder, 'disk'), `${rate}`, `${seconds}`];
  note(latency, await report({ core: CORE.server, command: process.execPath, args, cwd: ROOT }));
}

function note({ p50Ms, p99Ms }: Latency, { p50_us, p99_us }: LoadReport): void {
  p50Ms.push(p50_us / 1000);
  p99Ms.push(p99_us / 1000);
}

interface LoadReport {
  readonly calls: number;
  readonly errors: number;
  readonly error?: string;
  readonly seconds: number;
  readonly p50_us: number;
  readonly p99_us: number;
}

async function load(lab: Lab, target: readonly string[], flags: readonly string[]) {
  const [command = '', ...first] = lab.load;
  const args = [...first, 'run', ...target, ...flags];
  return report({ core: CORE.around, command, args, cwd: ROOT });
}

async function report(start: Start): Promise<LoadReport> {
  const made: LoadReport = JSON.parse(await runPinned(start));
  if (made.errors > 0) throw new Error(`${made.errors} calls failed: ${made.error}`);
  return made;
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

function say(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
}
