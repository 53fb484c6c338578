import { statSync } from 'node:fs';
import { stampOf } from '../files/stamp.ts';

const LOOK_MS = 1_000;
/** For calls that still wait for a connection: what is closed gives them up, but not those under way. */
const CLOSED_AFTER_MS = 60_000;

interface Renewed<T> {
  current(): T;
  close(): void;
}

/**
 * What is made of files, and made again once one of them has changed: a connection counts no longer than the
 * certificate that it was made with. While they cannot be used, as between two writes, what was made stays.
 * @throws Error if they cannot be used at the start
 */
export function createRenewed<T extends { close(): void }>(
  files: readonly string[],
  make: () => T,
): Renewed<T> {
  let stamp = stampsOf(files);
  let made = make();
  let lookedAt = performance.now();

  const look = () => {
    const next = stampsOf(files);
    if (next === stamp) return;
    const renewed = make();
    const { close } = made;
    setTimeout(close, CLOSED_AFTER_MS).unref();
    [stamp, made] = [next, renewed];
  };
  return {
    current() {
      if (files.length === 0 || performance.now() - lookedAt < LOOK_MS) return made;
      lookedAt = performance.now();
      try {
        look();
      } catch {}
      return made;
    },
    close: () => made.close(),
  };
}

/** What is no file, such as a pipe, is read only once. */
function stampsOf(files: readonly string[]): string {
  const stamps = files.map((file) => {
    const stats = statSync(file, { bigint: true, throwIfNoEntry: false });
    return stats?.isFile() ? stampOf(stats) : '';
  });
  return stamps.join();
}
