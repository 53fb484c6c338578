import { isAbsolute } from 'node:path';
import { flagsGiven, sizesYoung, WARM_FLAG, YOUNG_FLAG } from './heap.ts';

/** What is needed of the process; `process` itself is one. */
export interface BeginningHost
  extends Pick<
    NodeJS.Process,
    'argv' | 'connected' | 'env' | 'execArgv' | 'execPath' | 'execve' | 'platform'
  > {
  /** Undefined without `--permission`, whatever Node's types say. */
  readonly permission?: unknown;
}

/** Settings of glibc for `serve` that save 30 MiB of memory; the image and `start:hardened` set them too. */
export const MALLOC_ENV = {
  // Each of a dozen threads would get its own arena, and the others cannot use what is freed in it.
  MALLOC_ARENA_MAX: '1',
  // V8's compilers work in pieces of 32 KiB; these go back to the system when they are freed …
  MALLOC_MMAP_THRESHOLD_: '32768',
  // … unless they were cut from a reserve at the heap's top.
  MALLOC_TOP_PAD_: '0',
} as const;

/**
 * Makes the C library and V8 keep less memory, and V8 keep compiled code through a pause. They read these settings
 * only when a process starts, so the process executes its own program again, which takes 25 ms. It does not if
 * MALLOC_ARENA_MAX or GLIBC_TUNABLES is set already; set one to start where no program may be executed.
 */
export function beginSmall(host: BeginningHost): void {
  const { argv, env, execArgv, execPath, execve, permission, platform } = host;
  const given = env['MALLOC_ARENA_MAX'] !== undefined || env['GLIBC_TUNABLES'] !== undefined;
  // Node cannot execve under its permission model, and would lose the channel to its parent.
  if (given || permission || host.connected || platform !== 'linux' || !execve) return;
  // Without /proc, Node knows only the word that it was called by, and a failed execve aborts it.
  if (!isAbsolute(execPath)) return;
  const young = sizesYoung(flagsGiven(execArgv, env)) ? [] : [YOUNG_FLAG];
  // What was given comes last, so it wins.
  const flags = [WARM_FLAG, ...young, ...execArgv];
  execve(execPath, [execPath, ...flags, ...argv.slice(1)], { ...env, ...MALLOC_ENV });
}
