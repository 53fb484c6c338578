import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';

export interface CallToSign {
  readonly endpoint: URL;
  /** What follows `X-Amz-Target: TrentService.`. */
  readonly operation: string;
  readonly body: string;
  /** Undefined sends the request unsigned. */
  readonly signing: Signing | undefined;
}

export interface Signing {
  readonly region: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
}

export async function signedHeaders({
  endpoint,
  operation,
  body,
  signing,
}: CallToSign): Promise<Record<string, string>> {
  const headers = {
    host: endpoint.host,
    'content-type': 'application/x-amz-json-1.1',
    'content-length': String(Buffer.byteLength(body)),
    'x-amz-target': `TrentService.${operation}`,
  };
  if (signing === undefined) return headers;
  const signer = new SignatureV4({ ...signing, service: 'kms', sha256: Sha256 });
  const signed = await signer.sign({
    method: 'POST',
    protocol: endpoint.protocol,
    hostname: endpoint.hostname,
    path: endpoint.pathname,
    query: {},
    headers,
    body,
  });
  return signed.headers;
}

/** The signer wants a hash that it can make itself: the one class here that is not an error. */
class Sha256 {
  readonly #hash: Hash | Hmac;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash =
      secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(secret));
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytesOf(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data);
  if (ArrayBuffer.isView(data))
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return new Uint8Array(data);
}
