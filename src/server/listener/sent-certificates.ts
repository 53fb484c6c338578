import type { X509Certificate } from 'node:crypto';
import { TLSSocket, type TlsOptions } from 'node:tls';

/** All certificates that peers have sent, which Node itself would keep from us. */
export interface SentCertificates {
  /** Chooses HTTP/2 or nothing; for the server's options in the place of `ALPNProtocols`. */
  readonly ALPNCallback: NonNullable<TlsOptions['ALPNCallback']>;
  /** Those of this peer in its order, its own first. */
  of(socket: TLSSocket): readonly X509Certificate[];
}

/**
 * From Node 24.21 on only the first to ask for a peer's certificate gets the others with it, and Node
 * itself asks first (nodejs/node#65579). So this asks before Node does, by a listener that
 * ALPNCallback adds: no other callback has the socket so early. Should a later Node not pass the
 * socket as `this`, only the peer's own certificate is seen.
 */
export function watchSentCertificates(): SentCertificates {
  const seen = new WeakMap<TLSSocket, X509Certificate | undefined>();

  return {
    ALPNCallback(this: unknown, { protocols }) {
      if (this instanceof TLSSocket) {
        this.prependOnceListener('secure', () => seen.set(this, this.getPeerX509Certificate()));
      }
      return protocols.includes('h2') ? 'h2' : undefined;
    },
    of(socket) {
      const sent: X509Certificate[] = [];
      let one = seen.get(socket) ?? socket.getPeerX509Certificate();
      for (; one; one = one.issuerCertificate) sent.push(one);
      seen.delete(socket);
      return sent;
    },
  };
}
