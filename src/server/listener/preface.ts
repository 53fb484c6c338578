import type { Socket } from 'node:net';
import { whileOpen } from './while-open.ts';

/** The HTTP/2 connection preface (24 bytes) and the header of the SETTINGS frame after it (RFC 9113, 3.4). */
const PREFACE_BYTES = 24 + 9;

/** Whether its peer has begun to speak HTTP/2, as far as the number of bytes tells. */
export const hasGreeted = (socket: Socket): boolean => socket.bytesRead >= PREFACE_BYTES;

/** Cuts a connection whose peer has not begun to speak HTTP/2 in time. */
export function watchPreface(socket: Socket, timeoutMs: number, onTimeout: () => void): void {
  whileOpen(socket, timeoutMs, () => {
    if (hasGreeted(socket)) return;
    onTimeout();
    socket.destroy();
  });
}
