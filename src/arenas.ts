/** What is asked of the process; `process` itself is one. */
export interface ArenaHost
  extends Pick<
    NodeJS.Process,
    'argv' | 'connected' | 'env' | 'execArgv' | 'execPath' | 'execve' | 'platform'
  > {
  /** Undefined without `--permission`, whatever the types of Node say. */
  readonly permission?: unknown;
}

/**
 * Has the C library serve all threads from one arena. It would give each of a dozen its own, and
 * what one has freed the others cannot use: 20 MiB of the resident set. glibc reads this when a
 * process begins, so the process begins once more, as the same process; that takes 25 ms. Whoever
 * sets MALLOC_ARENA_MAX is left alone, and so has a way to start where no program may be executed.
 */
export function shareOneArena(host: ArenaHost): void {
  const { argv, env, execArgv, execPath, execve, permission, platform } = host;
  const given = env['MALLOC_ARENA_MAX'] !== undefined || env['GLIBC_TUNABLES'] !== undefined;
  // Node does not execute under its permission model, and would lose the channel to its parent.
  if (given || permission || host.connected || platform !== 'linux' || !execve) return;
  execve(execPath, [execPath, ...execArgv, ...argv.slice(1)], { ...env, MALLOC_ARENA_MAX: '1' });
}
