import { flagsGiven, sizesYoung, YOUNG_FLAG } from './heap.ts';

/** What is asked of the process; `process` itself is one. */
export interface BeginningHost
  extends Pick<
    NodeJS.Process,
    'argv' | 'connected' | 'env' | 'execArgv' | 'execPath' | 'execve' | 'platform'
  > {
  /** Undefined without `--permission`, whatever the types of Node say. */
  readonly permission?: unknown;
}

/** Settings of glibc for `serve`, which save 30 MiB of memory; the image and `start:hardened` set them too. */
export const MALLOC_ENV = {
  // Each of a dozen threads would get an arena of its own, and what one has freed the others cannot use.
  MALLOC_ARENA_MAX: '1',
  // The pieces that V8's compilers work in, of 32 KiB each, go back to the system when they are freed …
  MALLOC_MMAP_THRESHOLD_: '32768',
  // … unless they were cut from a reserve at the heap's top.
  MALLOC_TOP_PAD_: '0',
} as const;

/**
 * Has the C library and V8 keep less memory. They read these settings when a process begins, so the
 * process executes its own program once more; that takes 25 ms. Not where MALLOC_ARENA_MAX or
 * GLIBC_TUNABLES is set already, which is also the way to start where no program may be executed.
 */
export function beginSmall(host: BeginningHost): void {
  const { argv, env, execArgv, execPath, execve, permission, platform } = host;
  const given = env['MALLOC_ARENA_MAX'] !== undefined || env['GLIBC_TUNABLES'] !== undefined;
  // Node does not execute under its permission model, and would lose the channel to its parent.
  if (given || permission || host.connected || platform !== 'linux' || !execve) return;
  const young = sizesYoung(flagsGiven(execArgv, env)) ? [] : [YOUNG_FLAG];
  execve(execPath, [execPath, ...young, ...execArgv, ...argv.slice(1)], { ...env, ...MALLOC_ENV });
}
