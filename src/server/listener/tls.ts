import { constants } from 'node:crypto';
import type { Server, Socket } from 'node:net';
import { createServer, type SecureContextOptions, type TLSSocket } from 'node:tls';
import type { Arrival } from '../../call.ts';
import { createVouching, type Vouching } from '../tls/bundles.ts';
import type { TlsMaterial, TlsPair } from '../tls/material.ts';
import { handshakeFault } from './handshake-fault.ts';
import type { ListenerLimits, OnRefused } from './options.ts';
import { watchSentCertificates } from './sent-certificates.ts';

/** What is known of a peer whose certificate was verified. */
export type VerifiedPeer = Pick<Arrival, 'certificate' | 'trustDomains'>;

interface TlsServerOptions {
  readonly tls: TlsMaterial;
  readonly limits: ListenerLimits;
  readonly accept: (socket: Socket, peer: VerifiedPeer) => void;
  readonly onRefused: OnRefused;
}

/** TLS 1.3 only, HTTP/2 only. A changed certificate is used from the next handshake on. */
export function createTlsServer({ tls, limits, accept, onRefused }: TlsServerOptions): Server {
  const asks = tls.clientCertificates !== 'off';
  let vouching = vouchingOf(tls.current());
  const sent = vouching && watchSentCertificates();
  const front = createServer({
    ...context(tls.current(), asks),
    requestCert: asks,
    rejectUnauthorized: tls.clientCertificates === 'required',
    ...(sent ? { ALPNCallback: sent.ALPNCallback } : { ALPNProtocols: ['h2'] }),
    handshakeTimeout: limits.handshakeTimeoutMs,
    noDelay: true,
  });
  tls.onChange((pair) => {
    front.setSecureContext(context(pair, asks));
    vouching = vouchingOf(pair);
  });
  front.on('tlsClientError', (error, socket) => {
    onRefused('tls_handshake', handshakeFault(socket, error));
    // Node only reports a handshake that takes too long; it would leave the socket open.
    socket.destroy();
  });
  front.on('secureConnection', (socket) => {
    if (socket.alpnProtocol !== 'h2' || hasUnverified(socket)) {
      onRefused('tls_handshake', handshakeFault(socket));
      socket.destroy();
      return;
    }
    const certificate = socket.authorized ? socket.getPeerX509Certificate()?.raw : undefined;
    const trustDomains = certificate && sent && vouching?.(sent.of(socket));
    accept(socket, { ...(certificate && { certificate }), ...(trustDomains && { trustDomains }) });
  });
  return front;
}

function vouchingOf({ bundles }: TlsPair): Vouching | undefined {
  return bundles && createVouching(bundles);
}

/** Without `ca`, or with an empty text, Node would trust its 144 public roots; with an empty list it trusts none. */
function context({ cert, key, ca }: TlsPair, asks: boolean): SecureContextOptions {
  if (asks && ca === undefined)
    throw new Error('client certificates are required, but there is no CA to verify them');
  return {
    cert,
    key,
    ...(asks && { ca: ca || [] }),
    minVersion: 'TLSv1.3',
    // A resumed session would not be verified against the current CAs.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}

/** With `optional`, a missing certificate is fine, but one that does not verify is not. */
function hasUnverified(socket: TLSSocket): boolean {
  return !socket.authorized && socket.getPeerX509Certificate() !== undefined;
}
