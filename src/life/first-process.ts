/** What is needed of the process; `process` itself is one. */
type Host = Pick<NodeJS.Process, 'pid' | 'on' | 'listenerCount' | 'exit'>;

/** As a shell reports the end by that signal. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * To process 1, which a container's program is, the kernel passes only signals that it listens to: it could not
 * be ended before it does, and a command that never does not at all. A command's own listeners go first.
 */
export function endAsFirst(host: Host): void {
  if (host.pid !== 1) return;
  for (const [signal, code] of Object.entries(EXIT_CODES)) {
    host.on(signal, () => {
      if (host.listenerCount(signal) === 1) host.exit(code);
    });
  }
}
