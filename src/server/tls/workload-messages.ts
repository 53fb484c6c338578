import protobuf from 'protobufjs';
import { splitDer, toPem } from './der.ts';

/** The part of workloadapi.proto that is used; the service has no package. */
const WIRE = `
  syntax = "proto3";
  message Svids { repeated Svid svids = 1; map<string, bytes> federated_bundles = 3; }
  message Svid {
    string spiffe_id = 1;
    bytes x509_svid = 2;
    bytes x509_svid_key = 3;
    bytes bundle = 4;
  }
  message Bundles { map<string, bytes> bundles = 2; }
`;

/** PEM, all of it. */
export interface Svid {
  readonly id: string;
  readonly trustDomain: string;
  readonly cert: string;
  readonly key: string;
  readonly bundle: string;
  /** CAs of other trust domains, by their names. */
  readonly federated: ReadonlyMap<string, string>;
}

const { root } = protobuf.parse(WIRE);
const [svids, bundles] = [root.lookupType('Svids'), root.lookupType('Bundles')];

/** The first SVID is the default one. @throws Error where a part of it is missing */
export function readSvid(bytes: Buffer): Svid {
  const message = svids.toObject(svids.decode(bytes));
  const [svid] = Array.isArray(message['svids']) ? message['svids'] : [];
  const { spiffeId, x509Svid, x509SvidKey, bundle } = svid ?? {};
  if (typeof spiffeId !== 'string' || !(x509SvidKey instanceof Uint8Array)) {
    throw new Error('the Workload API gave no identity to this process');
  }
  return {
    id: spiffeId,
    trustDomain: trustDomainOf(spiffeId),
    cert: certificates(x509Svid),
    key: toPem('PRIVATE KEY', x509SvidKey),
    bundle: certificates(bundle),
    federated: byTrustDomain(message['federatedBundles']),
  };
}

/** All CAs that the process may trust, by trust domain. @throws Error where the message cannot be read */
export function readBundles(bytes: Buffer): ReadonlyMap<string, string> {
  return byTrustDomain(bundles.toObject(bundles.decode(bytes))['bundles']);
}

/** One that cannot be read is left out: what another trust domain says must not keep us from our own. */
function byTrustDomain(map: unknown): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [id, ders] of Object.entries(map ?? {})) {
    try {
      found.set(trustDomainOf(id), certificates(ders));
    } catch {}
  }
  return found;
}

/** Of a workload's SPIFFE ID or of the trust domain's own. */
function trustDomainOf(id: string): string {
  const [, name] = /^spiffe:\/\/([a-z0-9._-]{1,255})(?:\/|$)/.exec(id) ?? [];
  if (name === undefined) throw new Error('the Workload API gave an ID that is no SPIFFE ID');
  return name;
}

function certificates(ders: unknown): string {
  if (!(ders instanceof Uint8Array)) throw new Error('the Workload API left a part out');
  return splitDer(ders)
    .map((one) => toPem('CERTIFICATE', one))
    .join('');
}
