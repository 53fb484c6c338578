import { type handleUnaryCall, type Metadata, status } from '@grpc/grpc-js';
import type { Action } from '../call.ts';
import { SERVICE_NAME } from '../contract/service-names.ts';
import { invalid, toRefusal } from '../errors.ts';
import { toEnvelope } from './envelope.ts';
import type { HandlerTools } from './handler-tools.ts';
import { startLifetime } from './lifetime.ts';
import type { Envelope } from './read-call.ts';
import { MalformedMessage, type Undecoded } from './service.ts';
import { trailers } from './status.ts';
import { WRONG_TIMEOUT } from './watches/correct-timeouts.ts';

export interface UnaryMethod<Request, Response> {
  readonly method: string;
  readonly action: Action;
  /** @throws Refusal at once if the request is not valid */
  perform(request: Request, envelope: Envelope): Promise<Response>;
}

/** One gRPC call → one promise: identity of the connection, deadline, errors and trailers. */
export function unaryHandler<Request, Response>(
  { method, action, perform }: UnaryMethod<Request, Response>,
  tools: HandlerTools,
): handleUnaryCall<Undecoded<Request>, Response> {
  const counters = tools.rpc(`/${SERVICE_NAME}/${method}`);
  return async (call, callback) => {
    const started = performance.now();
    counters.started();
    counters.received();
    const id = tools.newId();
    const lifetime = startLifetime(call, tools.deadlines);
    const finish = (code: number) => {
      lifetime.end();
      counters.handled(code, (performance.now() - started) / 1000);
    };
    let response: Response;
    try {
      const { signal } = lifetime;
      const envelope = { ...toEnvelope(call, { id, action, tools }), signal };
      const turn = tools.turn(call.request.bytes);
      if (turn !== undefined) await turn;
      response = await perform(decoded(call.request.decode(), call.metadata, tools), envelope);
    } catch (thrown) {
      const refusal = toRefusal(thrown);
      if (refusal.reason === 'INTERNAL') tools.onInternal(id, refusal.cause);
      const error = tools.status.toStatus(refusal, id);
      finish(error.code);
      return callback(error);
    }
    finish(status.OK);
    counters.sent();
    callback(null, response, trailers(id));
  };
}

/** The message, if it could be read. @throws Refusal INVALID_REQUEST */
export function decoded<Request>(
  message: Request | MalformedMessage,
  metadata: Metadata,
  { turnedAway }: Pick<HandlerTools, 'turnedAway'>,
): Request {
  const malformed = message instanceof MalformedMessage;
  if (!malformed && metadata.get(WRONG_TIMEOUT).length === 0) return message;
  const wrong = malformed ? { field: 'request', description: message.message } : NO_TIMEOUT;
  const refusal = invalid([wrong]);
  turnedAway(refusal);
  throw refusal;
}

const NO_TIMEOUT = {
  field: 'grpc-timeout',
  description: 'must be up to 8 digits and one of the units H, M, S, m, u, n',
};
