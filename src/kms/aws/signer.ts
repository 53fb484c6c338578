import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto';
import { keepLast } from '../../caches/keep-last.ts';
import { KmsFault } from '../port.ts';

/** What signs: the SDK's own resolved identity. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

interface Signable {
  readonly body: string;
  readonly credentials: Credentials;
  /** Milliseconds since the Unix epoch, corrected for clock skew. */
  readonly now: number;
}

interface SignerTarget {
  readonly host: string;
  readonly region: string;
  readonly operation: string;
}

const CONTENT_TYPE = 'application/x-amz-json-1.1';

/**
 * Signature Version 4 for one kind of request: a POST of AWS JSON 1.1 to `/`. Everything that does
 * not change from call to call is made once: for the target, for the credentials and a day, the date
 * for a second.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
 *
 * Returns the headers of the request, every line with its CRLF. @throws KmsFault where the credentials
 * are none that a header could carry
 */
export function createSigner(target: SignerTarget): (signable: Signable) => string {
  const { host, operation } = target;
  const dateOf = keepLast(toDate);
  const fixed = `host: ${host}\r\ncontent-type: ${CONTENT_TYPE}\r\nx-amz-target: ${operation}\r\n`;
  const typeAndHost = `content-type:${CONTENT_TYPE}\nhost:${host}\n`;
  let current: SigningKey | undefined;

  return ({ body, credentials, now }) => {
    const date = dateOf(Math.floor(now / 1000));
    if (current?.credentials !== credentials || !date.startsWith(current.day)) {
      current = deriveKey(target, credentials, date.slice(0, 8));
    }
    const { key, scope, token, names, authorization } = current;
    const length = Buffer.byteLength(body);
    const bodyHash = hash('sha256', body, 'hex');
    const canonical =
      `POST\n/\n\ncontent-length:${length}\n${typeAndHost}x-amz-content-sha256:${bodyHash}\n` +
      `x-amz-date:${date}\n${token}x-amz-target:${operation}\n\n${names}\n${bodyHash}`;
    const toSign = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${hash('sha256', canonical, 'hex')}`;
    const signature = createHmac('sha256', key).update(toSign).digest('hex');
    return (
      `${fixed}content-length: ${length}\r\nx-amz-date: ${date}\r\n` +
      `x-amz-content-sha256: ${bodyHash}\r\n${authorization}${signature}\r\n`
    );
  };
}

/** The parts of a signature that stay the same for the credentials and a day. */
interface SigningKey {
  readonly credentials: Credentials;
  readonly day: string;
  readonly scope: string;
  /** A KeyObject, because an HMAC with a Buffer as key costs seven times as much. */
  readonly key: KeyObject;
  /** The line of the session token in the canonical request, or ''. */
  readonly token: string;
  /** Of the headers that are signed. */
  readonly names: string;
  /** The line of the token and the Authorization, up to the signature. */
  readonly authorization: string;
}

const SIGNED = 'content-length;content-type;host;x-amz-content-sha256;x-amz-date;x-amz-target';
const SIGNED_WITH_TOKEN = SIGNED.replace('x-amz-target', 'x-amz-security-token;x-amz-target');

function deriveKey({ region }: SignerTarget, credentials: Credentials, day: string): SigningKey {
  checkCredentials(credentials);
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const scope = `${day}/${region}/kms/aws4_request`;
  const key = scope
    .split('/')
    .reduce<Buffer>(
      (secret, part) => createHmac('sha256', secret).update(part).digest(),
      Buffer.from(`AWS4${secretAccessKey}`, 'utf8'),
    );
  const common = { credentials, day, scope, key: createSecretKey(key) };
  const credential = `authorization: AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=`;
  if (!sessionToken) {
    const authorization = `${credential}${SIGNED}, Signature=`;
    return { ...common, token: '', names: SIGNED, authorization };
  }
  return {
    ...common,
    token: `x-amz-security-token:${sessionToken}\n`,
    names: SIGNED_WITH_TOKEN,
    authorization: `x-amz-security-token: ${sessionToken}\r\n${credential}${SIGNED_WITH_TOKEN}, Signature=`,
  };
}

/** @throws KmsFault where they are none that a header could carry */
export function checkCredentials({ accessKeyId, sessionToken }: Credentials): void {
  checkHeader('access key id', accessKeyId);
  if (sessionToken) checkHeader('session token', sessionToken);
}

/** A line end in a value would begin a header, or a request, of its own. */
function checkHeader(what: string, value: string): void {
  if (/^[!-~]+$/.test(value)) return;
  const message = `the ${what} is not of printable ASCII characters alone`;
  throw new KmsFault('CredentialsProviderError', message);
}

/** `20260131T235959Z` */
function toDate(second: number): string {
  return new Date(second * 1000).toISOString().replace(/[-:]|\.\d{3}/g, '');
}
