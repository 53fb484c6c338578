import type { Socket } from 'node:net';
import { hasGreeted } from './preface.ts';

/** Connections whose peers have not begun to speak HTTP/2, the oldest first. */
interface Strangers {
  arrived(socket: Socket): void;
  /** Its TLS handshake is done, if it has one; it need not have said anything yet. */
  accepted(socket: Socket): void;
  /** Cuts the oldest if there are more than `most`. Returns whether there were. */
  cutOneBeyond(most: number): boolean;
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
    cutOneBeyond(most) {
      for (const [name, { greeted }] of strangers) if (greeted()) strangers.delete(name);
      const [oldest] = strangers;
      if (!oldest || strangers.size <= most) return false;
      const [name, { socket }] = oldest;
      strangers.delete(name);
      socket.destroy();
      return true;
    },
  };
}

/** Node does not tell which connection a TLS socket is on, but both have the same peer address. */
function nameOf(socket: Socket): Socket | string {
  const { remoteAddress, remotePort } = socket;
  return remotePort === undefined ? socket : `${remoteAddress}:${remotePort}`;
}
