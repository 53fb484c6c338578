import {
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto';

/** A certificate with its key, and a way to sign others with it. */
export interface Issued {
  readonly cert: string;
  readonly key: string;
  readonly der: Buffer;
  issue(wants?: Wants): Issued;
}

/** What a certificate says. Nothing is checked: tests need hostile ones too. */
export interface Wants {
  readonly commonName?: string;
  /** A second part of its subject. */
  readonly organization?: string;
  readonly uris?: readonly string[];
  readonly dns?: readonly string[];
  readonly emails?: readonly string[];
  readonly ca?: boolean;
  readonly usage?: 'client' | 'server' | 'both';
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

const HOUR = 3_600_000;

/** A self-signed authority. Certificates are written as DER here: Node can only read them. */
export function createAuthority(wants: Wants = {}): Issued {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ca = { commonName: 'Test CA', ca: true, ...wants };
  return build({ wants: ca, issuer: ca, publicKey, signer: privateKey, privateKey });
}

function build(options: {
  wants: Wants;
  issuer: Wants;
  publicKey: KeyObject;
  privateKey: KeyObject;
  signer: KeyObject;
}): Issued {
  const { wants, issuer, publicKey, privateKey, signer } = options;
  const body = seq(
    tagged(0, int(Buffer.from([2]))),
    int(Buffer.concat([Buffer.from([0x11]), randomBytes(8)])),
    ECDSA_SHA256,
    name(issuer),
    seq(
      time(wants.notBefore ?? new Date(Date.now() - HOUR)),
      time(wants.notAfter ?? new Date(Date.now() + HOUR)),
    ),
    name(wants),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(3, seq(...extensions(wants))),
  );
  const signature = sign('sha256', body, signer);
  const der = seq(body, ECDSA_SHA256, tlv(0x03, Buffer.from([0]), signature));
  return {
    der,
    cert: pem('CERTIFICATE', der),
    key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    issue(next = {}) {
      const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const signed = { wants: next, issuer: wants, signer: privateKey };
      return build({ ...signed, ...pair });
    },
  };
}

function extensions({ ca = false, usage = 'both', ...wants }: Wants): Buffer[] {
  const names = [
    ...(wants.emails ?? []).map((value) => tlv(0x81, Buffer.from(value))),
    ...(wants.dns ?? []).map((value) => tlv(0x82, Buffer.from(value))),
    ...(wants.uris ?? []).map((value) => tlv(0x86, Buffer.from(value))),
  ];
  const purposes = [
    ...(usage === 'client' ? [] : [oid('2b06010505070301')]),
    ...(usage === 'server' ? [] : [oid('2b06010505070302')]),
  ];
  return [
    extension('551d13', seq(...(ca ? [tlv(0x01, Buffer.from([0xff]))] : [])), true),
    extension('551d0f', tlv(0x03, Buffer.from(ca ? [1, 0x06] : [7, 0x80])), true),
    ...(ca ? [] : [extension('551d25', seq(...purposes))]),
    ...(names.length > 0 ? [extension('551d11', seq(...names))] : []),
  ];
}

const extension = (id: string, value: Buffer, critical = false): Buffer =>
  seq(oid(id), ...(critical ? [tlv(0x01, Buffer.from([0xff]))] : []), tlv(0x04, value));

const name = ({ commonName = 'test', organization }: Wants): Buffer =>
  seq(
    ...(organization === undefined ? [] : [namePart('55040a', organization)]),
    namePart('550403', commonName),
  );

const namePart = (type: string, text: string): Buffer =>
  tlv(0x31, seq(oid(type), tlv(0x0c, Buffer.from(text))));

const time = (date: Date): Buffer =>
  tlv(0x18, Buffer.from(`${date.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`));

const oid = (hex: string): Buffer => tlv(0x06, Buffer.from(hex, 'hex'));
const int = (bytes: Buffer): Buffer => tlv(0x02, bytes);
const seq = (...parts: Buffer[]): Buffer => tlv(0x30, ...parts);
const tagged = (tag: number, ...parts: Buffer[]): Buffer => tlv(0xa0 + tag, ...parts);

function tlv(tag: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const { length } = body;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), body]);
  if (length < 0x100) return Buffer.concat([Buffer.from([tag, 0x81, length]), body]);
  return Buffer.concat([Buffer.from([tag, 0x82, length >> 8, length & 0xff]), body]);
}

const ECDSA_SHA256 = seq(oid('2a8648ce3d040302'));

const pem = (label: string, der: Buffer): string =>
  `-----BEGIN ${label}-----\n${der.toString('base64').replace(/.{64}/g, '$&\n').trimEnd()}\n-----END ${label}-----\n`;

/** PKCS #8 DER of a key in PEM, as the SPIFFE Workload API hands it out. */
export const pkcs8 = (key: string): Buffer =>
  createPrivateKey(key).export({ type: 'pkcs8', format: 'der' });
