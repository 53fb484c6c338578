import {
  type handleUnaryCall,
  type Server,
  type ServerWritableStream,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { HEALTH_SERVICE, SERVICE_NAME } from '../contract/service-names.ts';
import { countStream } from './count-stream.ts';
import type { HandlerTools, RpcCounters } from './handler-tools.ts';
import { MalformedMessage, tolerant } from './service.ts';

type Asked = { readonly service?: string } | MalformedMessage;
type Check = handleUnaryCall<Asked, unknown>;
type Watch = ServerWritableStream<Asked, unknown>;

interface Handlers {
  readonly check: Check;
  readonly list: Check;
  watch(call: Watch): void;
}

type Tools = Pick<HandlerTools, 'rpc'>;

const NAMES: readonly string[] = ['', SERVICE_NAME];
/** A watch holds on to its request for as long as it lasts. */
const MOST_BYTES = 1024;
const MALFORMED = { code: status.INVALID_ARGUMENT, details: 'request must be a health request' };

export type Health = ReturnType<typeof createHealth>;

/** grpc.health.v1, for the server as a whole ('') and for the service. */
export function createHealth() {
  const health = new HealthImplementation(
    Object.fromEntries(NAMES.map((name) => [name, 'NOT_SERVING' as const])),
  );
  const watches = new Set<Watch>();
  const remember = (call: Watch): void => {
    watches.add(call);
    call.once('cancelled', () => watches.delete(call));
  };

  return {
    addTo: (server: Pick<Server, 'addService'>, tools: Tools) =>
      health.addToServer({
        addService: (service, handlers) =>
          server.addService(lenient(service), guarded(handlers, { remember, tools })),
      }),
    set(serving: boolean) {
      for (const name of NAMES) health.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING');
    },
    /** Ends all watches, which would otherwise hold up the proxy's end until it cut them. */
    endWatches() {
      for (const watch of watches) {
        watch.emit('error', { code: status.UNAVAILABLE, details: 'The proxy is ending.' });
      }
      watches.clear();
    },
  };
}

function lenient(service: ServiceDefinition): ServiceDefinition {
  return Object.fromEntries(
    Object.entries(service).map(([name, method]) => [
      name,
      { ...method, requestDeserialize: tolerant(method, { maxBytes: MOST_BYTES }) },
    ]),
  );
}

/**
 * grpc-health-check keeps every name that was ever watched, and echoes an unknown one however long it is.
 * So it is given only names that exist.
 */
function guarded(
  handlers: UntypedServiceImplementation,
  { remember, tools }: { remember: (call: Watch) => void; tools: Tools },
): UntypedServiceImplementation {
  const { check, watch, list } = handlers as unknown as Handlers;
  const counters = (method: string): RpcCounters => tools.rpc(`/${HEALTH_SERVICE}/${method}`);
  const watched = counters('Watch');
  const guards: Handlers = {
    check: counted(counters('Check'), (call, callback) => {
      const { request } = call;
      if (request instanceof MalformedMessage) callback(MALFORMED);
      else if (isKnown(request)) check(call, callback);
      else callback({ code: status.NOT_FOUND, details: 'There is no such service here.' });
    }),
    list: counted(counters('List'), list),
    watch(call) {
      const { request } = call;
      if (request instanceof MalformedMessage) {
        call.emit('error', MALFORMED);
        return;
      }
      remember(call);
      countStream(call, watched);
      watched.received();
      const write = call.write.bind(call);
      call.write = (message: unknown) => {
        watched.sent();
        return write(message);
      };
      if (isKnown(request)) watch(call);
      else call.write({ status: 'SERVICE_UNKNOWN' });
    },
  };
  return { ...handlers, ...guards };
}

/** Refusals are counted where grpc-js sends them (`explain.ts`). */
function counted(counters: RpcCounters, handle: Check): Check {
  return (call, callback) => {
    const began = performance.now();
    handle(call, (error, ...answer) => {
      if (!error) {
        counters.started();
        counters.received();
        counters.sent();
        counters.handled(status.OK, (performance.now() - began) / 1000);
      }
      callback(error, ...answer);
    });
  };
}

const isKnown = ({ service = '' }: { readonly service?: string }): boolean =>
  NAMES.includes(service);
