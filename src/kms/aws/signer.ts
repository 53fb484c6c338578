import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto';

/** What signs: the SDK's own resolved identity. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

export interface Signable {
  readonly body: Uint8Array;
  readonly credentials: Credentials;
  /** Milliseconds since the Unix epoch, corrected for clock skew. */
  readonly now: number;
}

interface SigningKey {
  readonly credentials: Credentials;
  readonly scope: string;
  readonly key: KeyObject;
}

const CONTENT_TYPE = 'application/x-amz-json-1.1';

/**
 * Signature Version 4 for one kind of request: a POST of AWS JSON 1.1 to `/`. Everything that does
 * not change from call to call is made once: the signing key for a day, the date for a second. The
 * key is a KeyObject because an HMAC with a Buffer as key costs seven times as much.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
 *
 * Returns the headers of the request, names and values by turns.
 */
export function createSigner(target: {
  readonly host: string;
  readonly region: string;
  readonly operation: string;
}): (signable: Signable) => string[] {
  const { host, region, operation } = target;
  const dateOf = createDates();
  let current: SigningKey | undefined;

  function signingKey(day: string, credentials: Credentials): SigningKey {
    const scope = `${day}/${region}/kms/aws4_request`;
    if (current?.credentials !== credentials || current.scope !== scope) {
      current = { credentials, scope, key: deriveKey(credentials, scope) };
    }
    return current;
  }

  return ({ body, credentials, now }) => {
    const date = dateOf(now);
    const { scope, key } = signingKey(date.slice(0, 8), credentials);
    const bodyHash = hash('sha256', body, 'hex');
    const { sessionToken: token } = credentials;
    const names = token === undefined ? SIGNED : SIGNED_WITH_TOKEN;
    const canonical =
      `POST\n/\n\ncontent-length:${body.byteLength}\ncontent-type:${CONTENT_TYPE}\nhost:${host}\n` +
      `x-amz-content-sha256:${bodyHash}\nx-amz-date:${date}\n` +
      (token === undefined ? '' : `x-amz-security-token:${token}\n`) +
      `x-amz-target:${operation}\n\n${names}\n${bodyHash}`;
    const toSign = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${hash('sha256', canonical, 'hex')}`;
    const signature = createHmac('sha256', key).update(toSign).digest('hex');
    const headers = [
      'host',
      host,
      'content-type',
      CONTENT_TYPE,
      'x-amz-target',
      operation,
      'x-amz-date',
      date,
      'x-amz-content-sha256',
      bodyHash,
      'authorization',
      `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
    ];
    if (token !== undefined) headers.push('x-amz-security-token', token);
    return headers;
  };
}

const SIGNED = 'content-length;content-type;host;x-amz-content-sha256;x-amz-date;x-amz-target';
const SIGNED_WITH_TOKEN = SIGNED.replace('x-amz-target', 'x-amz-security-token;x-amz-target');

/** `20260131T235959Z`, made once a second. */
function createDates(): (now: number) => string {
  let second = Number.NaN;
  let date = '';
  return (now) => {
    const wanted = Math.floor(now / 1000);
    if (wanted !== second) {
      second = wanted;
      date = new Date(wanted * 1000).toISOString().replace(/[-:]|\.\d{3}/g, '');
    }
    return date;
  };
}

function deriveKey({ secretAccessKey }: Credentials, scope: string): KeyObject {
  const key = scope
    .split('/')
    .reduce<Buffer>(
      (secret, part) => createHmac('sha256', secret).update(part).digest(),
      Buffer.from(`AWS4${secretAccessKey}`, 'utf8'),
    );
  return createSecretKey(key);
}
