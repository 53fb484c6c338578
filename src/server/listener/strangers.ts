import type { Socket } from 'node:net';
import { hasGreeted } from './preface.ts';

/** Connections whose peers have not begun to speak HTTP/2, the oldest first. */
interface Strangers {
  arrived(socket: Socket): void;
  /** Its TLS handshake is done, if it has one; it need not have said anything yet. */
  accepted(socket: Socket): void;
  /** Cuts the oldest that arrived before `last`. Returns whether there was one. */
  cutOneBefore(last: Socket): boolean;
}

/** Who is no longer a stranger is found out only when one has to be cut, so that calls cost nothing. */
export function createStrangers(): Strangers {
  const strangers = new Map<Socket | string, { socket: Socket; greeted: () => boolean }>();

  return {
    arrived(socket) {
      const name = nameOf(socket);
      const stranger = { socket, greeted: () => false };
      strangers.set(name, stranger);
      socket.once('close', () => {
        if (strangers.get(name) === stranger) strangers.delete(name);
      });
    },
    accepted(socket) {
      const stranger = strangers.get(nameOf(socket));
      if (stranger) stranger.greeted = () => hasGreeted(socket);
    },
    cutOneBefore(last) {
      for (const [name, { socket, greeted }] of strangers) {
        if (socket === last) return false;
        strangers.delete(name);
        if (greeted()) continue;
        socket.destroy();
        return true;
      }
      return false;
    },
  };
}

/** Node does not tell which connection a TLS socket is on, but both have the same peer address. */
function nameOf(socket: Socket): Socket | string {
  const { remoteAddress, remotePort } = socket;
  return remotePort === undefined ? socket : `${remoteAddress}:${remotePort}`;
}
