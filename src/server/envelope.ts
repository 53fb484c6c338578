import type { Metadata } from '@grpc/grpc-js';
import type { Action } from '../call.ts';
import type { Envelope } from './read-call.ts';
import { traceIdOf } from './trace-id.ts';
import type { HandlerTools } from './unary.ts';

/** What of a grpc-js call is looked at; every kind of call has it. */
export interface ArrivedCall {
  readonly metadata: Metadata;
  getPeer(): string;
}

/** What is known of a call beside its message. */
export function toEnvelope(
  call: ArrivedCall,
  {
    id,
    action,
    signal,
    tools,
  }: {
    id: string;
    action: Action;
    signal: AbortSignal;
    tools: Pick<HandlerTools, 'arrivalOf' | 'now'>;
  },
): Envelope {
  const arrival = tools.arrivalOf(call);
  const authorization = header(call, 'authorization');
  return {
    id,
    action,
    transport: 'grpc',
    arrival: authorization === '' ? arrival : { ...arrival, authorization },
    job: '',
    traceId: traceIdOf(header(call, 'traceparent')),
    receivedAt: tools.now(),
    signal,
  };
}

function header({ metadata }: ArrivedCall, name: string): string {
  const [value] = metadata.get(name);
  return typeof value === 'string' ? value : '';
}
