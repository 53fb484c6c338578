import { type ChildProcess, spawn } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { createNodeDisk } from '../../../src/audit/log/disk.ts';
import { collectLogs } from '../../../src/audit/verify/collect.ts';
import { readEntries } from '../../../src/audit/verify/entries.ts';
import { idOf } from '../../audit/samples.ts';

export interface Writer {
  readonly child: ChildProcess;
  /** Calls whose intent, or whose outcome, was acknowledged; and failures by cause. */
  readonly intents: Set<number>;
  readonly terminals: Set<number>;
  readonly failures: Map<string, number>;
  /** The last value reported with each word. */
  readonly said: Map<string, string>;
  readonly stderr: () => string;
  until(word: string): Promise<void>;
  /** Resolves once calls are served that began after this one. */
  serves(): Promise<void>;
  /** Begins no more calls, and ends after those in flight. */
  finish(): Promise<void>;
  ended(): Promise<void>;
}

export interface WriterPlan {
  readonly file: string;
  readonly firstCall?: number;
  readonly inFlight?: number;
  readonly ms?: number;
  readonly pauseMs?: number;
  readonly quiet?: boolean;
  readonly options?: object;
  /** Command and arguments that the process is run under. */
  readonly under?: readonly string[];
}

/**
 * For time measurements: a start or a timer may be late only because others have the CPU. So the
 * process gets the highest priority where that is permitted, and its worst time counts, whatever
 * else is running. (No real-time priority: V8's threads spin for one another, and that starves a
 * small machine.)
 */
export const AHEAD: readonly string[] = process.getuid?.() === 0 ? ['nice', '-n', '-20'] : [];

const SCRIPT = fileURLToPath(new URL('writer.ts', import.meta.url));

export function startWriter(plan: WriterPlan): Writer {
  const {
    under = [],
    file,
    firstCall = 0,
    inFlight = 32,
    ms = 0,
    pauseMs = 0,
    quiet = false,
    options = {},
  } = plan;
  const json = JSON.stringify({ file, firstCall, inFlight, ms, pauseMs, quiet, options });
  const [command = '', ...args] = [...under, process.execPath, SCRIPT, json];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const writer = {
    intents: new Set<number>(),
    terminals: new Set<number>(),
    failures: new Map<string, number>(),
    said: new Map<string, string>(),
  };
  let rest = '';
  let errors = '';
  let wake: (() => void)[] = [];
  child.stderr?.on('data', (chunk) => {
    errors += String(chunk);
  });
  child.stdout?.on('data', (chunk) => {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) hear(line);
    for (const resume of wake.splice(0)) resume();
  });
  const exit = new Promise<void>((resolve) => child.once('close', () => resolve()));
  void exit.then(() => {
    for (const resume of wake.splice(0)) resume();
  });

  return {
    ...writer,
    child,
    stderr: () => errors,
    ended: () => exit,
    until: (word) => until(word, () => writer.said.has(word)),
    async serves() {
      const before = writer.terminals.size + inFlight;
      await until('calls', () => writer.terminals.size > before);
    },
    async finish() {
      child.kill('SIGTERM');
      await exit;
    },
  };

  async function until(what: string, held: () => boolean): Promise<void> {
    while (!held()) {
      if (child.exitCode !== null) throw new Error(`ended before it reported ${what}: ${errors}`);
      await new Promise<void>((resume) => {
        wake = [...wake, resume];
      });
    }
  }

  function hear(line: string): void {
    const [word = '', number = '', ...cause] = line.split(' ');
    if (word === 'i') writer.intents.add(Number(number));
    else if (word === 't') writer.terminals.add(Number(number));
    else if (word === 'f') {
      const code = cause.join(' ');
      writer.failures.set(code, (writer.failures.get(code) ?? 0) + 1);
    } else writer.said.set(word, number);
  }
}

export interface Recorded {
  readonly intents: ReadonlySet<string>;
  readonly terminals: ReadonlySet<string>;
  readonly twice: number;
  /** Why each closed segment was closed. */
  readonly closed: readonly string[];
}

/** What the log holds about calls and segments. */
export function readRecorded(path: string): Recorded {
  const entries = [...entriesOf(path)];
  const ids = (of: (entry: Entry) => unknown) =>
    entries.filter(of).map(({ decision_id: id = '' }) => id);
  const terminals = ids(({ outcome }) => outcome);
  const distinct = new Set(terminals);
  return {
    intents: new Set(ids(({ kind }) => kind === 'intent')),
    terminals: distinct,
    twice: terminals.length - distinct.size,
    closed: entries.flatMap(({ segment_close }) => segment_close?.reason ?? []),
  };
}

/** The fields that are read here. */
interface Entry {
  readonly kind: string;
  readonly decision_id?: string;
  readonly outcome?: object;
  readonly segment_close?: { readonly reason: string };
}

function* entriesOf(path: string): Generator<Entry> {
  const disk = createNodeDisk();
  for (const log of collectLogs(disk, path)) {
    for (const { bytes } of readEntries(disk, log)) {
      const { kind, decision_id, outcome, segment_close } = JSON.parse(bytes.toString());
      yield { kind, decision_id, outcome, segment_close };
    }
  }
}

/** Acknowledged entries that the log does not have. */
export function lostOf(writer: Writer, recorded: Recorded): number {
  const lost = (acknowledged: ReadonlySet<number>, written: ReadonlySet<string>) =>
    [...acknowledged].filter((number) => !written.has(idOf(number))).length;
  return lost(writer.intents, recorded.intents) + lost(writer.terminals, recorded.terminals);
}
