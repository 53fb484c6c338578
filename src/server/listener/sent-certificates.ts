import type { X509Certificate } from 'node:crypto';
import { TLSSocket, type TlsOptions } from 'node:tls';

/** All certificates that peers sent, of which Node itself would show only the first. */
interface SentCertificates {
  /** Chooses HTTP/2 or nothing; it replaces `ALPNProtocols` in the server's options. */
  readonly ALPNCallback: NonNullable<TlsOptions['ALPNCallback']>;
  /** This peer's certificates in the order sent, its own first. */
  of(socket: TLSSocket): readonly X509Certificate[];
}

/**
 * Since Node 24.21 only the first read of a peer's certificate returns the others with it, and Node itself
 * reads first (nodejs/node#65579). So this reads before Node does, in a listener that ALPNCallback adds: no
 * other callback has the socket so early. If a later Node does not pass the socket as `this`, only the
 * peer's own certificate is seen.
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
