import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { subjectBytes } from './der.ts';

/** A server's current certificate, and notice of every later one. */
export interface TlsMaterial {
  readonly clientCertificates: 'required' | 'optional' | 'off';
  current(): TlsPair;
  onChange(listener: (pair: TlsPair) => void): void;
}

/** PEM. `ca` verifies clients; it is set whenever client certificates are asked for, and '' lets no client in. */
export interface TlsPair {
  readonly cert: string;
  readonly key: string;
  readonly ca?: string | undefined;
  /** The same CAs by trust domain, if there are several: each vouches only for its own. */
  readonly bundles?: Bundles;
}

/** CAs in PEM, by the trust domain for whose workloads they vouch. */
export type Bundles = ReadonlyMap<string, string>;

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** All certificates of a PEM text, in order. */
export function splitPem(text: string): readonly string[] {
  return text.match(CERTIFICATE) ?? [];
}

/**
 * Accepts a pair only if it can do a handshake now: the key belongs to the certificate, the certificate is
 * within its validity, and the CAs can be read.
 * @throws Error that says what is wrong
 */
export function checkPair(pair: TlsPair, nowMs: number): TlsPair {
  const [leaf] = splitPem(pair.cert);
  if (!leaf) throw new Error('there is no certificate');
  const certificate = new X509Certificate(leaf);
  if (!certificate.checkPrivateKey(createPrivateKey(pair.key))) {
    throw new Error('the private key does not belong to the certificate');
  }
  if (Date.parse(certificate.validTo) <= nowMs) throw new Error('the certificate has expired');
  if (Date.parse(certificate.validFrom) > nowMs)
    throw new Error('the certificate is not valid yet');
  if (pair.ca !== undefined) checkAuthorities(pair.ca);
  createSecureContext(pair);
  return pair;
}

/** Milliseconds since the Unix epoch at which the pair's certificate ends. */
export function expiryOf({ cert }: TlsPair): number {
  return Date.parse(new X509Certificate(cert).validTo);
}

/**
 * What the names of all CAs may have together: they are sent in every handshake, where OpenSSL can send 64 KiB and Java
 * takes 32.
 */
export const MOST_NAMES_BYTES = 30_000;

interface AuthorityLimits {
  /** How many CAs there may be; any number unless given. */
  readonly count?: number;
  /** Bytes that their names may have together. */
  readonly nameBytes?: number;
}

/** @throws Error if there is none, one that cannot sign, or too many */
export function checkAuthorities(pem: string, most: AuthorityLimits = {}): void {
  const { count = Number.POSITIVE_INFINITY, nameBytes = MOST_NAMES_BYTES } = most;
  const parts = splitPem(pem);
  if (parts.length === 0) throw new Error('there is no CA certificate');
  // Before they are read, which is the work.
  if (parts.length > count) throw new Error(`more than ${count} CAs`);
  const authorities = parts.map((part) => new X509Certificate(part));
  if (!authorities.every(({ ca }) => ca)) {
    throw new Error('one of the CA certificates is not a CA’s');
  }
  const bytes = authorities.reduce((sum, { raw }) => sum + subjectBytes(raw), 0);
  if (bytes > nameBytes) {
    throw new Error(
      `the names of the CAs have ${bytes} bytes, more than the ${nameBytes} that may be sent`,
    );
  }
}
