import { spawn } from 'node:child_process';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { TOOLS_PATH } from './tools.ts';

/** A process of another program, stopped at the end of its suite. */
export interface Child {
  readonly pid: number;
  /** Everything that it has written so far, both streams. */
  output(): string;
  /** Waits until the output matches. @throws with the output when the process ends before. */
  matches(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>;
  /** SIGTERM, then SIGKILL after ten seconds. Resolves to the exit code, or the signal's name. */
  stop(): Promise<number | NodeJS.Signals>;
  /** Waits for its end, whether or not its output has been read. */
  exit(): Promise<number | NodeJS.Signals>;
  /** Sets whether its output is read from now on. */
  listen(on: boolean): void;
  /** Waits for its end and that of its output, which has to be read for that. */
  ended(): Promise<number | NodeJS.Signals>;
}

interface StartOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export function startChild(
  command: string,
  args: readonly string[],
  { cwd, env }: StartOptions = {},
): Child {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, PATH: TOOLS_PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let failed: Error | undefined;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  child.on('error', (error) => {
    failed = error;
  });
  const exited = new Promise<number | NodeJS.Signals>((resolve) => {
    child.on('exit', (code, signal) => resolve(code ?? signal ?? 0));
  });
  let isOver = false;
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.on('close', (code, signal) => {
      isOver = true;
      resolve(code ?? signal ?? 0);
    });
  });

  return {
    pid: child.pid ?? 0,
    output: () => output,
    async matches(pattern, timeoutMs = 30_000) {
      const until = Date.now() + timeoutMs;
      for (;;) {
        const found = pattern.exec(output);
        if (found) return found;
        if (failed) throw failed;
        if (isOver) throw new Error(`${command} ended with ${child.exitCode}:\n${output}`);
        if (Date.now() > until) throw new Error(`${command} never wrote ${pattern}:\n${output}`);
        await sleep(20);
      }
    },
    async stop() {
      if (isOver) return ended;
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
      return ended.finally(() => clearTimeout(late));
    },
    listen(on) {
      for (const stream of [child.stdout, child.stderr]) stream[on ? 'resume' : 'pause']();
    },
    exit: () => exited,
    ended: () => ended,
  };
}
