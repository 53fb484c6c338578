import type { IncomingMessage } from 'node:http';
import { parseJson } from '../json/exact.ts';
import { JsonFault } from './fault.ts';

const CONTENT_TYPE = /^application\/x-amz-json-1\.[01]\s*(?:;|$)/i;

/** One request of AWS's JSON protocol. The body is parsed when it is asked for, after any signature. */
export interface AwsRequest {
  /** `ReEncrypt`, of `X-Amz-Target: TrentService.ReEncrypt`. */
  readonly operation: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  /** `127.0.0.1:51234` */
  readonly peer: string;
  readonly requestId: string;
  /** Aborted when the caller goes away. */
  readonly signal: AbortSignal;
  /** @throws JsonFault SerializationException */
  json(): unknown;
}

interface ReadOptions {
  readonly requestId: string;
  readonly signal: AbortSignal;
  /** Made by `createBodies`. */
  readonly readBody: (message: IncomingMessage) => Promise<Buffer>;
}

/** @throws JsonFault for what is not a request to KMS at all. */
export async function readRequest(
  message: IncomingMessage,
  { requestId, signal, readBody }: ReadOptions,
): Promise<AwsRequest> {
  if (message.method !== 'POST' || message.url !== '/') throw unknownOperation(404);
  // A browser cannot send this type, or the target, to another origin without a preflight request.
  if (!CONTENT_TYPE.test(message.headers['content-type'] ?? '')) throw unknownOperation(404);
  // Nor can it omit Origin: this stops pages that point their own name to this address (DNS rebinding).
  if (message.headers.origin !== undefined) throw unknownOperation(404);
  const operation = operationOf(message.headers['x-amz-target']);
  const body = await readBody(message);
  const { remoteAddress = '', remotePort = 0 } = message.socket;
  return {
    operation,
    headers: message.headers,
    body,
    peer: `${remoteAddress}:${remotePort}`,
    requestId,
    signal,
    json: () => parse(body),
  };
}

/** The target names no operation that is served here. */
function unknownOperation(status = 400): JsonFault {
  return new JsonFault('UnknownOperationException', '', status);
}

/** KMS's name in X-Amz-Target. */
const SERVICE = 'TrentService';

function operationOf(target: string | string[] | undefined): string {
  const [prefix, operation, ...rest] = String(target ?? '').split('.');
  if (prefix !== SERVICE || !operation || rest.length > 0) throw unknownOperation();
  return operation;
}

/** A ReEncrypt has 2,000 at most. Each takes a microsecond or two, and needs only two bytes. */
const MOST_VALUES = 10_000;

/** Whether the marks before a value, in whatever text, are more than that. */
function isIntricate(body: Buffer): boolean {
  let marks = 0;
  for (const mark of '{[,') {
    for (let at = body.indexOf(mark); at >= 0; at = body.indexOf(mark, at + 1)) {
      marks += 1;
      if (marks > MOST_VALUES) return true;
    }
  }
  return false;
}

/** Refuses bytes that are not UTF-8, because decoding would change them. */
function parse(body: Buffer): unknown {
  if (isIntricate(body)) {
    throw new JsonFault(
      'SerializationException',
      `The request has more than ${MOST_VALUES} values.`,
    );
  }
  try {
    return parseJson(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body));
  } catch {
    throw new JsonFault('SerializationException', 'The request is not valid JSON.');
  }
}
