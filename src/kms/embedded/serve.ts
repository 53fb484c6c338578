import type { RequestListener } from 'node:http';
import { parseAuthorization } from '../../aws-json/authorization.ts';
import { createAwsJsonHandler } from '../../aws-json/handler.ts';
import type { AwsRequest } from '../../aws-json/read-request.ts';
import type { EmbeddedKms } from './embedded.ts';
import type { Caller } from './model/key-id.ts';

interface ServeOptions {
  readonly embedded: EmbeddedKms;
  readonly onInternal: (requestId: string, cause: unknown) => void;
}

/**
 * The embedded KMS alone behind AWS's JSON protocol, without policy. Signatures are not verified:
 * they only say which Region's endpoint is meant, and by their access key id, who calls.
 */
export function createEmbeddedHandler({ embedded, onInternal }: ServeOptions): RequestListener {
  return createAwsJsonHandler({
    onInternal,
    answer: (request) =>
      embedded.invoke(request.operation, request.json, callerOf(embedded, request)),
  });
}

function callerOf(embedded: EmbeddedKms, { headers }: AwsRequest): Partial<Caller> | undefined {
  const authorization = parseAuthorization(headers.authorization);
  if (!authorization) return undefined;
  const { accessKeyId, region } = authorization;
  return { ...embedded.callerOf(accessKeyId), region };
}
