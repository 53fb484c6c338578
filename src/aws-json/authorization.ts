import { JsonFault } from './fault.ts';

/** A SigV4 `Authorization` header taken apart; nothing of it is verified. */
export interface Authorization {
  readonly accessKeyId: string;
  /** `20260131` */
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';
const CREDENTIAL = /^([\w-]+)\/(\d{8})\/([\w-]+)\/([\w-]+)\/aws4_request$/;

/**
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 * @returns undefined if the request is not signed.
 * @throws JsonFault IncompleteSignatureException naming every part that is missing.
 */
export function parseAuthorization(header: string | undefined): Authorization | undefined {
  if (header === undefined || !header.startsWith(ALGORITHM)) return undefined;
  const parts = new Map(
    header
      .slice(ALGORITHM.length)
      .split(',')
      .map((part) => part.trim().split('=', 2) as [string, string]),
  );
  const missing = ['Credential', 'Signature', 'SignedHeaders'].filter((name) => !parts.get(name));
  if (missing.length > 0) {
    const wants = missing.map((name) => `Authorization header requires '${name}' parameter.`);
    throw incomplete(wants.join(' '));
  }
  const credential = CREDENTIAL.exec(parts.get('Credential') ?? '');
  if (!credential) throw incomplete('Credential must have exactly 5 slash-delimited elements.');
  const [, accessKeyId = '', date = '', region = '', service = ''] = credential;
  const signedHeaders = (parts.get('SignedHeaders') ?? '').split(';');
  return {
    accessKeyId,
    date,
    region,
    service,
    signedHeaders,
    signature: parts.get('Signature') ?? '',
  };
}

export function incomplete(message: string): JsonFault {
  return new JsonFault('IncompleteSignatureException', message);
}
