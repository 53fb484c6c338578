import { createBody } from './http/body.ts';

/**
 * Reads an answer for the SDK, which by itself would read one of any size.
 * @throws KmsFault when it is larger than any answer of KMS
 */
export async function boundedAnswer(stream: object): Promise<Buffer> {
  const body = createBody({ chunked: false, bodyBytes: Number.POSITIVE_INFINITY });
  for await (const bytes of stream as AsyncIterable<Buffer>) body.take(bytes);
  return Buffer.from(body.end() ?? '');
}
