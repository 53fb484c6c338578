import type { Logger } from 'pino';
import { messageOf } from '../thrown.ts';

/** The part of the process that is used here; `process` itself is one. */
type ProcessEvents = Pick<NodeJS.EventEmitter, 'on'> & {
  exit(code: number): unknown;
};

interface ProcessHandlers {
  /** SIGHUP. */
  readonly reload: () => void;
  /** Called when nobody caught an error: writes the last entry, and blocks until it is written. */
  readonly lastWords: (cause: string) => void;
}

export interface Watch {
  /** Resolves at the first SIGTERM or SIGINT. */
  readonly ending: Promise<string>;
  /** Aborted by the second signal: the shutdown must then hurry. */
  readonly hurry: AbortSignal;
  /** Replaces the handlers. */
  handle(handlers: ProcessHandlers): void;
  /** Handles nothing any more. A signal that comes late still does not end the process as if it had failed. */
  release(): void;
}

/** sysexits(3): an internal software error. */
const EXIT_CRASH = 70;

const NOTHING_TO_DO: ProcessHandlers = { reload() {}, lastWords() {} };

/** How long lines may still wait for a reader when all else has ended. */
const LAST_LINES_MS = 1_000;

/**
 * Listens to signals and uncaught errors. A process in an unknown state must not go on signing: it writes
 * one entry and exits. A handler for SIGUSR1 keeps Node from opening its debugger at that signal.
 */
export function watchProcess(process: ProcessEvents, log: Pick<Logger, 'info' | 'fatal'>): Watch {
  const controller = new AbortController();
  const ended = Promise.withResolvers<string>();
  let handlers = NOTHING_TO_DO;
  let signals = 0;

  const stop = (signal: string) => () => {
    signals += 1;
    log.info({ signal }, signals === 1 ? 'the proxy is stopping' : 'the proxy stops at once');
    if (signals === 1) ended.resolve(signal);
    else controller.abort();
  };
  const crash = (thrown: unknown): void => {
    try {
      log.fatal({ err: thrown }, 'the proxy crashed');
      handlers.lastWords(messageOf(thrown));
    } finally {
      process.exit(EXIT_CRASH);
    }
  };
  const listeners: Readonly<Record<string, (thrown: unknown) => void>> = {
    SIGTERM: stop('SIGTERM'),
    SIGINT: stop('SIGINT'),
    SIGHUP: () => handlers.reload(),
    SIGUSR1: () => log.info('SIGUSR1 does nothing here: the debugger stays closed'),
    uncaughtException: crash,
    unhandledRejection: crash,
  };
  for (const [event, listener] of Object.entries(listeners)) process.on(event, listener);

  return {
    ending: ended.promise,
    hurry: controller.signal,
    handle(next) {
      handlers = next;
    },
    release() {
      handlers = NOTHING_TO_DO;
    },
  };
}

/** Ends a process that has nothing left to do, even if nobody reads its last lines. */
export function endSoon(process: Pick<NodeJS.Process, 'exit'>): void {
  setTimeout(() => process.exit(), LAST_LINES_MS).unref();
}
