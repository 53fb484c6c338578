import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** The core of the server under test, and that of everything around it. */
export const CORE = { server: 0, around: 1 } as const;

export interface Start {
  readonly core: number;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/** A process that says on stdout where it listens. */
export interface Running {
  readonly pid: number;
  /** Everything printed so far. */
  readonly output: () => string;
  /** CPU time so far in microseconds, user and system, all threads. */
  readonly cpuMicroseconds: () => number;
  readonly residentMiB: () => number;
  stop(): Promise<void>;
}

/** Starts pinned to a core and resolves when `ready` matches what it says, with the match. */
export async function startPinned(
  start: Start,
  ready: RegExp,
): Promise<Running & { readonly match: RegExpExecArray }> {
  const child = spawnPinned(start);
  let said = '';
  const listen = (chunk: Buffer) => {
    said += chunk.toString('utf8');
  };
  child.stdout?.on('data', listen);
  child.stderr?.on('data', listen);
  const pid = child.pid ?? 0;
  for (let waited = 0; waited < 60_000; waited += 10) {
    const match = ready.exec(said);
    if (match) {
      return {
        pid,
        match,
        output: () => said,
        cpuMicroseconds: () => cpuMicroseconds(pid),
        residentMiB: () => residentMiB(pid),
        stop: () => stop(child),
      };
    }
    if (child.exitCode !== null) break;
    await sleep(10);
  }
  await stop(child);
  throw new Error(said.trim().split('\n').at(-1) || `${start.command} said nothing`);
}

/** Runs to its end and resolves to what it printed. */
export async function runPinned(start: Start): Promise<string> {
  const child = spawnPinned(start);
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(Buffer.concat(err).toString('utf8').trim() || `exit ${code}`);
  return Buffer.concat(out).toString('utf8');
}

function spawnPinned({ core, command, args, env, cwd }: Start): ChildProcess {
  return spawn('taskset', ['-c', String(core), command, ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise<void>((resolve) => child.on('close', () => resolve()));
  child.kill('SIGTERM');
  const patience = setTimeout(() => child.kill('SIGKILL'), 15_000);
  await closed;
  clearTimeout(patience);
}

/** Linux counts in ticks of 10 ms, summed over all threads, ended ones included. */
function cpuMicroseconds(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

function residentMiB(pid: number): number {
  const [, kibibytes = '0'] =
    /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kibibytes) / 1024;
}
