import type {
  OutgoingHttpHeaders,
  ServerHttp2Stream,
  ServerStreamResponseOptions,
} from 'node:http2';
import { status } from '@grpc/grpc-js';
import type { Connections } from '../listener/connections.ts';
import { tellEncodings } from './refuse-compression.ts';
import { watchStreams } from './watch-streams.ts';

/** A refusal that no handler made. */
export interface Unexplained {
  readonly path: string;
  /** gRPC's number; undefined if grpc-js answers only with an HTTP status. */
  readonly code: number | undefined;
  readonly sentence: string;
}

export interface ExplainOptions {
  readonly connections: Pick<Connections, 'owns'>;
  /** Returns headers that explain the answer; it is called once per answer. */
  readonly explain: (answer: Unexplained) => OutgoingHttpHeaders;
}

const PATH = Symbol('path');

interface Explained extends ServerHttp2Stream {
  [PATH]?: string;
}

const UNSUPPORTED_MEDIA_TYPE = 415;

/**
 * Explains what grpc-js refuses before a handler sees it: a message that is too large, or an unknown
 * method, compression or content type. It gives no hook for that, but each such answer is one block of
 * headers, and Node publishes the stream before grpc-js gets it.
 */
export function explainRefusals({ connections, explain }: ExplainOptions): { close(): void } {
  function respond(
    this: Explained,
    headers?: OutgoingHttpHeaders,
    options?: ServerStreamResponseOptions,
  ): void {
    const answer = refusalIn(headers, this[PATH]);
    if (headers) tellEncodings(headers);
    const explained =
      answer && connections.owns(this.session?.socket)
        ? { ...headers, ...explain(answer) }
        : headers;
    (Object.getPrototypeOf(this) as ServerHttp2Stream).respond.call(this, explained, options);
  }

  return watchStreams<Explained>({
    created({ stream, headers }) {
      stream[PATH] = headers?.[':path'] ?? '';
      // grpc-js never gives the headers as a list.
      stream.respond = respond;
    },
  });
}

/** A refusal of our own handlers has its decision id already. */
function refusalIn(headers: OutgoingHttpHeaders = {}, path = ''): Unexplained | undefined {
  const { 'grpc-status': code, 'grpc-message': sentence } = headers;
  if (code === undefined) {
    return headers[':status'] === UNSUPPORTED_MEDIA_TYPE
      ? { path, code: undefined, sentence: 'The content type must be application/grpc.' }
      : undefined;
  }
  if (code === status.OK || headers['decision_id'] !== undefined) return undefined;
  // The caller's own clock has ended the call already, and a handler's answer may be on its way.
  if (code === status.DEADLINE_EXCEEDED) return undefined;
  return { path, code: Number(code), sentence: decoded(String(sentence)) };
}

/** The sentence quotes an unknown path as it was sent, perhaps with a broken escape. */
function decoded(sentence: string): string {
  try {
    return decodeURI(sentence);
  } catch {
    return sentence;
  }
}
