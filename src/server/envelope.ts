import type { Metadata } from '@grpc/grpc-js';
import type { Action } from '../call.ts';
import type { HandlerTools } from './handler-tools.ts';
import type { Envelope } from './read-call.ts';
import { traceIdOf } from './trace-id.ts';

/** The part of a grpc-js call that is used here; every kind of call has it. */
interface ArrivedCall {
  readonly metadata: Metadata;
  getPeer(): string;
}

interface Labels {
  readonly id: string;
  readonly action: Action;
  readonly tools: Pick<HandlerTools, 'arrivalOf' | 'now'>;
}

/**
 * All that is known of a call except its message and how long it may live.
 * @throws Error if its connection did not come through a listener of ours
 */
export function toEnvelope(
  call: ArrivedCall,
  { id, action, tools }: Labels,
): Omit<Envelope, 'signal'> {
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
  };
}

function header({ metadata }: ArrivedCall, name: string): string {
  const [value] = metadata.get(name);
  return typeof value === 'string' ? value : '';
}
