import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { type Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
import type { Arrival } from '../../call.ts';
import { placesForNewcomers } from '../newcomers.ts';
import type { TlsMaterial } from '../tls/material.ts';
import { bind } from './bind.ts';
import type { Connections } from './connections.ts';
import { createCrowd } from './crowd.ts';
import { cutAfter } from './cut-after.ts';
import type { ListenerLimits, OnRefused } from './options.ts';
import { watchPreface } from './preface.ts';
import { createStrangers } from './strangers.ts';
import { createTlsServer, type VerifiedPeer } from './tls.ts';
import { whileOpen } from './while-open.ts';

export interface ListenerOptions {
  /** `host:port` (port 0 picks one), `[v6]:port` or `unix:/absolute/path`. */
  readonly address: string;
  readonly server: GrpcServer;
  readonly connections: Connections;
  /** Name of everyone who connects to this Unix socket, or ''. */
  readonly socketIdentity?: string;
  /** Permissions of a Unix socket; 0660 by default. */
  readonly mode?: number;
  readonly tls?: TlsMaterial;
  readonly limits: ListenerLimits;
  /** Called for every connection that was turned away or cut. */
  readonly onRefused?: OnRefused;
}

export interface Listener {
  /** Resolves to the bound address, in the form of `address`. @throws Error naming the address */
  listen(): Promise<string>;
  /**
   * Takes no new connection or call, lets accepted calls end, and cuts what is left after
   * `graceMs`, or at once when `hurry` is aborted. Resolves to the number of connections cut.
   */
  drain(graceMs: number, hurry?: AbortSignal): Promise<number>;
  readonly openConnections: number;
}

/** Our own front server, which hands connections to grpc-js, so that the door has limits of its own. */
export function createListener(options: ListenerOptions): Listener {
  const { server: grpc, connections, limits, tls, onRefused = () => {} } = options;
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  const open = new Set<Socket>();
  const forNewcomers = placesForNewcomers(limits.maxConnections);
  const strangers = createStrangers();
  const crowd = createCrowd();

  // As many places, and no more, are for those who have yet to speak.
  const cutOne = (): boolean =>
    strangers.cutOneBeyond(forNewcomers) || crowd.cutOne() || strangers.cutOneBeyond(1);
  const accept = (socket: Socket, peer?: VerifiedPeer): void => {
    strangers.accepted(socket);
    const arrival = describe(socket, options, peer);
    crowd.joined(socket, arrival, connections.add(socket, arrival));
    watchPreface(socket, limits.prefaceTimeoutMs, () => onRefused('preface_timeout'));
    // With whatever calls it still has: grpc-js would reset those with the code of no error, which clients take
    // for INTERNAL; of a connection that is gone they know that it may be tried again.
    whileOpen(socket, limits.longestMs, () => socket.destroy());
    injector.injectConnection(socket);
  };
  const front: Server = tls
    ? createTlsServer({ tls, limits, accept, onRefused })
    : createTcpServer({ noDelay: true }, (socket) => accept(socket));
  front.maxConnections = limits.maxConnections;
  front.on('drop', () => onRefused('too_many_connections'));
  // Before `accept`, which changes the socket's address.
  front.prependListener('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    socket.on('error', ignore);
    // Over a Unix socket we cannot tell which connection has finished its TLS handshake.
    if (!tls || socket.remotePort !== undefined) strangers.arrived(socket);
    if (open.size + forNewcomers > limits.maxConnections && cutOne()) {
      onRefused('too_many_connections');
    }
  });

  return {
    listen: () => bind(front, { address: options.address, mode: options.mode ?? 0o660 }),
    async drain(graceMs, hurry) {
      const closed = new Promise<void>((resolve) => {
        front.close(() => resolve());
      });
      injector.drain(graceMs);
      return cutAfter({ closed, graceMs, open, hurry });
    },
    get openConnections() {
      return open.size;
    },
  };
}

/** An error ends only its own connection; http2 passes it on to the streams. */
function ignore(): void {}

function describe(socket: Socket, options: ListenerOptions, verified?: VerifiedPeer): Arrival {
  const { address, socketIdentity = '' } = options;
  const peer = address.startsWith('unix:')
    ? address.slice('unix:'.length)
    : `${socket.remoteAddress}:${socket.remotePort}`;
  return Object.freeze({
    peer,
    socketIdentity,
    ...verified,
    authorization: '',
    accessKeyId: '',
  });
}
