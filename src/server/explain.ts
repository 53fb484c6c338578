import type { OutgoingHttpHeaders } from 'node:http2';
import { status } from '@grpc/grpc-js';
import { Refusal } from '../errors.ts';
import type { HandlerTools } from './handler-tools.ts';
import type { Unexplained } from './watches/explain-refusals.ts';

/** A longer sentence quotes what the caller sent, and stays in memory until the caller reads it. */
const MOST_TEXT = 200;

/**
 * What grpc-js refuses is the caller's mistake. The refusal keeps the status that gRPC wants for it, and
 * gets what every other refusal has: a decision id, an ErrorInfo, and a place in log and metrics.
 */
export function createExplain(
  { rpc, newId, turnedAway, ...tools }: HandlerTools,
  streaming: ReadonlySet<string>,
) {
  return ({ path, code = status.INVALID_ARGUMENT, sentence }: Unexplained): OutgoingHttpHeaders => {
    const refusal = new Refusal('INVALID_REQUEST', sentence.length > MOST_TEXT ? {} : { sentence });
    turnedAway(refusal);
    // A stream counts itself, from its beginning.
    if (!streaming.has(path)) {
      rpc(path).started();
      rpc(path).handled(code, 0);
    }
    const { metadata, details } = tools.status.toStatus(refusal, newId(), code);
    return { ...metadata.toHttp2Headers(), 'grpc-message': encodeURI(details) };
  };
}
