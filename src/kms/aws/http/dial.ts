import { isIP, type OnReadOpts, connect as openTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect as openTls } from 'node:tls';
import { createLookUp } from './look-up.ts';

/**
 * Opens a connection. Bytes that arrive are written into the buffer of `onread`, which saves a stream
 * and a buffer a read; `onReady` is called once a request can be written.
 */
export type Dial = (onread: OnReadOpts, onReady: () => void) => Socket;

/** The way to where the URL points: over TLS unless it says `http:`. */
export function createDial({ protocol, hostname, port }: URL): Dial {
  const host = hostname.replace(/^\[|\]$/g, '');
  if (protocol !== 'http:') return createTlsDial(host, Number(port || 443));
  const options = { host, port: Number(port || 80), noDelay: true, lookup: createLookUp() };
  return (onread, onReady) => openTcp({ ...options, onread }, onReady);
}

/**
 * Node's own rules check the certificate, as they do for the SDK's requests. The session of the
 * connection before saves half of a handshake, unless that connection came to grief.
 */
function createTlsDial(host: string, port: number): Dial {
  const servername = isIP(host) === 0 ? host : '';
  const fixed = { host, port, servername, ALPNProtocols: ['http/1.1'], lookup: createLookUp() };
  let session: Buffer | undefined;

  return (onread, onReady) => {
    const options: ConnectionOptions & { onread: OnReadOpts } = {
      ...fixed,
      onread,
      ...(session && { session }),
    };
    const socket = openTls(options, onReady).setNoDelay(true);
    socket.on('session', (next) => {
      session = next;
    });
    socket.on('close', (failed) => {
      if (failed) session = undefined;
    });
    return socket;
  };
}
