import { createBody } from './http/body.ts';

/**
 * Reads an answer for the SDK, which itself reads one of any size, however small its pieces.
 * @throws KmsFault past what an answer of KMS may have
 */
export async function boundedAnswer(stream: object): Promise<Buffer> {
  const body = createBody({ chunked: false, bodyBytes: Number.POSITIVE_INFINITY });
  for await (const bytes of stream as AsyncIterable<Buffer>) body.take(bytes);
  return Buffer.from(body.end() ?? '');
}
