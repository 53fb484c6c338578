import { X509Certificate } from 'node:crypto';
import type { Arrival, Principal } from '../call.ts';
import { Refusal, toRefusal } from '../errors.ts';
import type { Identifier } from './identify.ts';
import { authenticated, isClear, refused } from './principal.ts';
import { parseSpiffeId } from './spiffe-id.ts';
import { parseSubjectAltNames, type SubjectAltNames } from './subject-alt-names.ts';

/** Which name of a certificate without a SPIFFE ID is the principal's. */
type NameFrom = 'dns' | 'email' | 'uri' | 'subject' | 'none';

export interface MtlsOptions {
  /** Trust domains whose SPIFFE IDs are accepted; if empty, all that the CA signs. Read each time. */
  readonly trustDomains: () => readonly string[];
  /** The only domain that may use names other than SPIFFE IDs, if there are CAs of several. */
  readonly ownTrustDomain: () => string;
  readonly nameFrom: NameFrom;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

interface Read {
  readonly principal: Principal;
  readonly notAfterMs: number;
}

/** The principal of a verified client certificate, read once per connection. */
export function createMtlsIdentifier(options: MtlsOptions): Identifier {
  // Refusals too: to read thousands of names takes 10 ms, which nobody may cost us with every call.
  const seen = new WeakMap<Uint8Array, Read | Refusal>();

  return ({ certificate, trustDomains }) => {
    if (!certificate) return undefined;
    let read = seen.get(certificate);
    if (!read) {
      read = readOrRefuse(() => readCertificate(certificate, trustDomains, options));
      seen.set(certificate, read);
    }
    if (read instanceof Refusal) throw read;
    if (options.now() > read.notAfterMs) throw refused('The client certificate has expired.');
    return read.principal;
  };
}

function readOrRefuse(read: () => Read): Read | Refusal {
  try {
    return read();
  } catch (thrown) {
    return toRefusal(thrown);
  }
}

function readCertificate(
  der: Uint8Array,
  vouching: Arrival['trustDomains'],
  options: MtlsOptions,
): Read {
  const certificate = new X509Certificate(der);
  if (certificate.ca) throw refused('A CA’s certificate names no caller.');
  const names = readNames(certificate);
  const isSpiffe = names.uri.some((uri) => /^spiffe:/i.test(uri));
  const principal = isSpiffe
    ? spiffePrincipal(names, certificate, options.trustDomains())
    : namedPrincipal(names, certificate, options.nameFrom);
  const domain = isSpiffe ? principal.spiffe.trustDomain : options.ownTrustDomain();
  if (vouching && !vouching.includes(domain)) {
    throw refused('The client certificate is not signed by the CAs of its trust domain alone.');
  }
  return {
    principal,
    notAfterMs: Date.parse(certificate.validTo),
  };
}

function readNames({ subjectAltName }: X509Certificate): SubjectAltNames {
  try {
    return parseSubjectAltNames(subjectAltName ?? '');
  } catch (cause) {
    throw refused('The names of the client certificate cannot be read.', cause);
  }
}

function spiffePrincipal(
  { uri }: SubjectAltNames,
  certificate: X509Certificate,
  trustDomains: readonly string[],
): Principal {
  const [only = ''] = uri;
  if (uri.length !== 1) throw refused('The client certificate must hold exactly one URI name.');
  const spiffe = parseSpiffeId(only);
  if (!spiffe) throw refused('The client certificate’s SPIFFE ID is not valid.');
  if (trustDomains.length > 0 && !trustDomains.includes(spiffe.trustDomain)) {
    throw refused('The client certificate’s trust domain is not one of ours.');
  }
  const { id, trustDomain, path } = spiffe;
  const attributes = attributesOf(certificate);
  return authenticated({ id, kind: 'spiffe', spiffe: { trustDomain, path }, attributes });
}

function namedPrincipal(
  names: SubjectAltNames,
  certificate: X509Certificate,
  nameFrom: NameFrom,
): Principal {
  if (nameFrom === 'none') throw refused('The client certificate holds no SPIFFE ID.');
  const found = nameFrom === 'subject' ? [certificate.subject ?? ''] : names[nameFrom];
  const [id = ''] = found;
  // Node separates the parts of a subject by line breaks, and escapes those within them.
  const wholly = nameFrom === 'subject' ? id.replaceAll('\n', ' ') : id;
  if (found.length !== 1 || !isClear(wholly)) {
    throw refused(`The client certificate must hold exactly one ${nameFrom} name that is exact.`);
  }
  return authenticated({ id, kind: 'mtls', attributes: attributesOf(certificate) });
}

function attributesOf({ serialNumber }: X509Certificate): Principal['attributes'] {
  return { certificate_serial: serialNumber.toLowerCase() };
}
