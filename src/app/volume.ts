import { statfs } from 'node:fs/promises';
import type { Stack } from './stack.ts';

/** Bytes that the proxy may still write, and bytes in all. */
interface Room {
  readonly free: number;
  readonly size: number;
}

/** A volume does not fill up within less. */
const LOOK_MS = 15_000;

/** Watches the volume of a folder. Returns what was last known, undefined if nothing is. */
export function watchVolume(
  folder: string,
  opened: Stack,
  lookMs = LOOK_MS,
): () => Room | undefined {
  let room: Room | undefined;
  let looking = false;
  // One at a time: a disk that hangs would take all of libuv's threads, and with them DNS.
  const look = async () => {
    if (looking) return;
    looking = true;
    room = await roomOn(folder);
    looking = false;
  };
  const timer = setInterval(() => void look(), lookMs).unref();
  opened.push(async () => clearInterval(timer));
  void look();
  return () => room;
}

async function roomOn(folder: string): Promise<Room | undefined> {
  try {
    const { bavail, bsize, blocks } = await statfs(folder);
    return { free: bavail * bsize, size: blocks * bsize };
  } catch {
    return undefined;
  }
}
