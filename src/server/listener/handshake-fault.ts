import type { TLSSocket } from 'node:tls';

/** By OpenSSL's names (`X509_V_ERR_…`); for any other, the name itself is shown. */
const OF_CERTIFICATE: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'the client’s certificate has expired',
  CERT_NOT_YET_VALID: 'the client’s certificate is not valid yet',
  INVALID_PURPOSE: 'the client’s certificate is not for clients',
};

const UNKNOWN_CA: ReadonlySet<string> = new Set([
  'CERT_SIGNATURE_FAILURE',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/**
 * Why a handshake failed, in words for whoever set up TLS; '' if the peer just went away, as load balancers
 * do that only check whether the port is open. OpenSSL's `reason` contains nothing from the peer.
 */
export function handshakeFault(socket: TLSSocket, error?: Error): string {
  // Typed as an Error, but really OpenSSL's name or null.
  const name: unknown = socket.authorizationError;
  if (typeof name === 'string') return certificateFault(name);
  if (error) return 'reason' in error ? String(error.reason) : '';
  return 'the client did not ask for HTTP/2 (ALPN h2)';
}

function certificateFault(name: string): string {
  if (UNKNOWN_CA.has(name)) return 'no CA of ours has signed the client’s certificate';
  return OF_CERTIFICATE[name] ?? `the client’s certificate does not verify: ${name}`;
}
