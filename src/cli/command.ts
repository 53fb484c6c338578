import type { Readable } from 'node:stream';
import type { Command as Program } from 'commander';

/** What a command may touch of the world outside; tests pass their own. */
export interface Terminal {
  readonly stdin: Readable;
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Runs with the arguments after the command's name and resolves to the exit code; never throws for bad input. */
export type Run = (args: readonly string[], terminal: Terminal) => Promise<number>;

/** Says what the command line may hold and what it does. */
export type Define = (command: Program, terminal: Terminal) => void;

export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** For completion: its definition, if commander reads its command line … */
  define?(): Promise<{ readonly define: Define }>;
  /** … and otherwise what may stand after its name. */
  readonly subcommands?: readonly string[];
  /** Loads the command only when it is called, so that `--help` stays quick. */
  load(): Promise<{ readonly run: Run }>;
}

/** sysexits(3) if it has a code for it. */
export const EXIT = { ok: 0, failure: 1, usage: 64, unwritten: 74 } as const;

/** Thrown by an action to end with an exit code and one sentence on standard error. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  readonly exitCode: number;

  constructor(sentence: string, exitCode: number = EXIT.failure) {
    super(sentence);
    this.exitCode = exitCode;
  }
}
