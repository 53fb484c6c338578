import { KmsFault } from '../../port.ts';

/** The bytes are not one valid answer, so nothing more on that connection can be trusted. */
export function malformed(what: string): KmsFault {
  return new KmsFault('MalformedAnswer', `KMS answered with ${what}`);
}

/** The connection ended before the answer did. */
export function cutShort(): KmsFault {
  return new KmsFault('ECONNRESET', 'KMS closed the connection without a whole answer');
}

export function unconnected(): KmsFault {
  return new KmsFault('ETIMEDOUT', 'no connection to KMS in time');
}

export function tooSlow(): KmsFault {
  return new KmsFault('TimeoutError', 'KMS did not answer in time');
}

export function closed(): KmsFault {
  return new KmsFault('ECONNABORTED', 'the connections to KMS are closed');
}

/**
 * The code of the network (`ECONNREFUSED`) or of TLS (`CERT_HAS_EXPIRED`). OpenSSL has hundreds of codes for a
 * handshake that fails otherwise; they are EPROTO here, as for the SDK's requests.
 */
export function unreachable(error: Error & { readonly code?: unknown }): KmsFault {
  const named = typeof error.code === 'string' ? error.code : error.name;
  const code = named.replace(/^ERR_SSL_.*/, 'EPROTO');
  return new KmsFault(code, error.message || code, { cause: error });
}
