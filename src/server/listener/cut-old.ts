import type { Socket } from 'node:net';
import { whileOpen } from './while-open.ts';

/**
 * Cuts a connection that has lived longer than it may, with whatever calls are still open. grpc-js would reset
 * those with the code of no error, which clients take for INTERNAL; of a connection that is gone they know
 * that it may be tried again.
 */
export function cutOld(socket: Socket, longestMs: number): void {
  whileOpen(socket, longestMs, () => socket.destroy());
}
