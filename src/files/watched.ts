import { toError } from '../thrown.ts';
import { MOST_BYTES } from './regular.ts';
import { fileStamp } from './stamp.ts';

interface WatchedFilesOptions<T> {
  readonly files: readonly string[];
  /** @throws Error where what they hold cannot be used */
  readonly read: () => Promise<T>;
  readonly pollMs: number;
  readonly onChange?: (current: T) => void;
  /** Called once for each change that cannot be used; the last good content stays in use. */
  readonly onError: (error: Error) => void;
}

interface WatchedFiles<T> {
  current(): T;
  /** Checks now. */
  reload(): Promise<void>;
  close(): void;
}

/**
 * The content of files, read again when one of them changes. Watched by polling, which sees every
 * kind of replacement, also the swapped links of Kubernetes.
 * @throws Error if they cannot be used at the start
 */
export async function watchFiles<T>(options: WatchedFilesOptions<T>): Promise<WatchedFiles<T>> {
  const { files, read, pollMs, onChange, onError } = options;
  let stamp = await stampOf(files);
  let current = await read();
  let told = '';

  const look = async () => {
    const now = await stampOf(files);
    if (now === stamp) return;
    current = await read();
    stamp = now;
    onChange?.(current);
  };
  const reload = async () => {
    try {
      await look();
      told = '';
    } catch (thrown) {
      const error = toError(thrown);
      if (error.message !== told) onError(error);
      told = error.message;
    }
  };
  let polling = false;
  // One at a time: a file system that hangs would take all of libuv's threads, and with them DNS.
  const poll = async () => {
    if (polling) return;
    polling = true;
    await reload();
    polling = false;
  };
  const timer = setInterval(() => void poll(), pollMs).unref();
  return { current: () => current, reload, close: () => clearInterval(timer) };
}

/** One after the other, for the same reason. */
async function stampOf(files: readonly string[]): Promise<string> {
  const stamps: string[] = [];
  for (const file of files) stamps.push(await fileStamp(file, MOST_BYTES));
  return stamps.join();
}
