import type { Socket } from 'node:net';

/** The longest time of Node's timers, 24 days. */
const MOST_MS = 2 ** 31 - 1;

/**
 * Cuts a connection that has lived longer than it may, with whatever calls are still open. grpc-js would reset
 * those with the code of no error, which clients take for INTERNAL; of a connection that is gone they know
 * that it may be tried again.
 */
export function cutOld(socket: Socket, longestMs: number): void {
  const timer = setTimeout(() => socket.destroy(), Math.min(longestMs, MOST_MS));
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
}
