import { createHmac, createSecretKey, hash, type KeyObject, timingSafeEqual } from 'node:crypto';
import {
  type Authorization,
  incomplete,
  parseAuthorization,
} from '../../aws-json/authorization.ts';
import { JsonFault } from '../../aws-json/fault.ts';
import type { AwsRequest } from '../../aws-json/read-request.ts';

/** Access key id → its secret. */
export type AccessKeys = ReadonlyMap<string, KeyObject>;

interface VerifierOptions {
  readonly accessKeys: AccessKeys;
  readonly maxClockSkewMs: number;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/**
 * Verifies SigV4 signatures against the configured access keys.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 *
 * @returns the id of the access key; '' if no keys are configured, because then nothing proves who calls.
 * @throws JsonFault under the name that AWS gives the same failure.
 */
export function createVerifier(options: VerifierOptions): (request: AwsRequest) => string {
  const { accessKeys } = options;
  return (request) => {
    const authorization = parseAuthorization(request.headers.authorization);
    if (accessKeys.size === 0) return '';
    if (!authorization) {
      throw new JsonFault('MissingAuthenticationTokenException', 'Missing Authentication Token');
    }
    const secret = accessKeys.get(authorization.accessKeyId);
    if (!secret || request.headers['x-amz-security-token'] !== undefined) {
      throw new JsonFault(
        'UnrecognizedClientException',
        'The security token included in the request is invalid.',
      );
    }
    const time = timeOf(request);
    checkScope(authorization, time);
    checkSignedHeaders(authorization, request);
    checkClock(time, options);
    checkSignature(request, { authorization, secret, time });
    return authorization.accessKeyId;
  };
}

const TIME = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

function timeOf({ headers }: AwsRequest): string {
  const time = headers['x-amz-date'];
  if (typeof time === 'string' && TIME.test(time)) return time;
  throw incomplete(
    "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
  );
}

function checkScope({ service, date }: Authorization, time: string): void {
  if (service !== 'kms') throw invalid("Credential should be scoped to correct service: 'kms'.");
  if (!time.startsWith(date)) {
    throw invalid(
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${date}' != '${time.slice(0, 8)}', from '${time}'.`,
    );
  }
}

/**
 * What is not signed could be changed on the way, above all the target. And each header is signed once: of
 * 15 kB, one that is named 4,000 times is 30 MB to sign.
 */
function checkSignedHeaders({ signedHeaders }: Authorization, { headers }: AwsRequest): void {
  const signed = new Set(signedHeaders);
  if (signed.size < signedHeaders.length) throw invalid('A SignedHeader must be named only once.');
  const needed = ['host', ...Object.keys(headers).filter((name) => name.startsWith('x-amz-'))];
  const unsigned = needed.find((name) => !signed.has(name));
  if (unsigned !== undefined) {
    throw invalid(`'${unsigned}' must be a 'SignedHeader' in the AWS Authorization.`);
  }
}

function checkClock(time: string, { maxClockSkewMs, now }: VerifierOptions): void {
  const [, ...parts] = TIME.exec(time) ?? [];
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.map(Number);
  const age = now() - Date.UTC(year, month - 1, day, hour, minute, second);
  if (age > maxClockSkewMs) throw invalid(`Signature expired: ${time} is too long ago.`);
  if (-age > maxClockSkewMs) throw invalid(`Signature not yet current: ${time} is still to come.`);
}

interface Signed {
  readonly authorization: Authorization;
  readonly secret: KeyObject;
  readonly time: string;
}

function checkSignature(request: AwsRequest, { authorization, secret, time }: Signed): void {
  const { date, region, service, signature } = authorization;
  const scope = `${date}/${region}/${service}/aws4_request`;
  const digest = hash('sha256', canonicalRequest(request, authorization.signedHeaders), 'hex');
  const expected = hmac(
    signingKey(secret, authorization),
    `AWS4-HMAC-SHA256\n${time}\n${scope}\n${digest}`,
  );
  const given = Buffer.from(signature, 'hex');
  if (given.length === expected.length && timingSafeEqual(given, expected)) return;
  throw invalid(
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
  );
}

/** Method and path are always these: the protocol has no others. */
function canonicalRequest({ headers, body }: AwsRequest, signedHeaders: readonly string[]): string {
  const lines = signedHeaders.map(
    (name) =>
      `${name}:${String(headers[name] ?? '')
        .trim()
        .replace(/ +/g, ' ')}\n`,
  );
  return `POST\n/\n\n${lines.join('')}\n${signedHeaders.join(';')}\n${hash('sha256', body, 'hex')}`;
}

function signingKey(secret: KeyObject, { date, region, service }: Authorization): KeyObject {
  const first = createSecretKey(Buffer.concat([Buffer.from('AWS4'), secret.export()]));
  return [date, region, service, 'aws4_request'].reduce(
    (key, part) => createSecretKey(hmac(key, part)),
    first,
  );
}

function hmac(key: KeyObject, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/** AWS's name, in the JSON protocol, for what other protocols call SignatureDoesNotMatch. */
function invalid(message: string): JsonFault {
  return new JsonFault('InvalidSignatureException', message);
}
