import protobuf from 'protobufjs';
import { countFields, type Shape } from '../../contract/count-fields.ts';
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
interface Svid {
  readonly trustDomain: string;
  readonly cert: string;
  readonly key: string;
  readonly bundle: string;
  /** CAs of other trust domains, by their names. */
  readonly federated: ReadonlyMap<string, string>;
}

/** The fields that are counted. */
const BUNDLE: Shape = { 1: 'bytes', 2: 'bytes' };
const SVIDS: Shape = { 1: { 1: 'bytes', 2: 'bytes', 3: 'bytes', 4: 'bytes' }, 3: BUNDLE };
const BUNDLES: Shape = { 2: BUNDLE };

/** A process has a few identities; each trust domain has three fields. A message may have millions. */
const MOST_FIELDS = 10_000;

const { root } = protobuf.parse(WIRE);
const [svids, bundles] = [root.lookupType('Svids'), root.lookupType('Bundles')];

/** The first SVID is the default one. @throws Error if a part of it is missing */
export function readSvid(bytes: Buffer): Svid {
  refuseMany(bytes, SVIDS);
  const message = svids.toObject(svids.decode(bytes));
  const [svid] = Array.isArray(message['svids']) ? message['svids'] : [];
  const { spiffeId, x509Svid, x509SvidKey, bundle } = svid ?? {};
  if (typeof spiffeId !== 'string' || !(x509SvidKey instanceof Uint8Array)) {
    throw new Error('the Workload API did not give this process an identity');
  }
  return {
    trustDomain: trustDomainOf(spiffeId),
    cert: certificates(x509Svid),
    key: toPem('PRIVATE KEY', x509SvidKey),
    bundle: certificates(bundle),
    federated: byTrustDomain(message['federatedBundles']),
  };
}

/** All CAs that the process may trust, by trust domain. @throws Error if the message cannot be read */
export function readBundles(bytes: Buffer): ReadonlyMap<string, string> {
  refuseMany(bytes, BUNDLES);
  return byTrustDomain(bundles.toObject(bundles.decode(bytes))['bundles']);
}

/** @throws Error if decoding would hold up every call */
function refuseMany(bytes: Buffer, shape: Shape): void {
  if (countFields(bytes, shape, MOST_FIELDS) <= MOST_FIELDS) return;
  throw new Error(`the Workload API gave more than ${MOST_FIELDS} fields at once`);
}

/** An unreadable one is left out: another trust domain's mistake must not keep us from our own. */
function byTrustDomain(map: unknown): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [id, ders] of Object.entries(map ?? {})) {
    try {
      found.set(trustDomainOf(id), certificates(ders));
    } catch {}
  }
  return found;
}

/** The domain in a workload's SPIFFE ID, or in the trust domain's own ID. */
function trustDomainOf(id: string): string {
  const [, name] = /^spiffe:\/\/([a-z0-9._-]{1,255})(?:\/|$)/.exec(id) ?? [];
  if (name === undefined) throw new Error('the Workload API gave an ID that is not a SPIFFE ID');
  return name;
}

function certificates(ders: unknown): string {
  if (!(ders instanceof Uint8Array)) throw new Error('the Workload API left something out');
  return splitDer(ders)
    .map((one) => toPem('CERTIFICATE', one))
    .join('');
}
