import {
  type Server,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type sendUnaryData,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { MalformedMessage, SERVICE_NAME, tolerant } from './service.ts';

type Asked = { readonly service?: string } | MalformedMessage;
type Check = ServerUnaryCall<Asked, unknown>;
type Watch = ServerWritableStream<Asked, unknown>;

interface Handlers {
  check(call: Check, callback: sendUnaryData<unknown>): void;
  watch(call: Watch): void;
}

const NAMES: readonly string[] = ['', SERVICE_NAME];
/** A watch holds on to its request for as long as it lasts. */
const MAX_BYTES = 1024;
const MALFORMED = { code: status.INVALID_ARGUMENT, details: 'request must be a health request' };

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
    addTo: (server: Pick<Server, 'addService'>) =>
      health.addToServer({
        addService: (service, handlers) =>
          server.addService(lenient(service), guarded(handlers, remember)),
      }),
    set(serving: boolean) {
      for (const name of NAMES) health.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING');
    },
    /** Ends the streams of those who watch, which would hold up the proxy's end until it cut them. */
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
      { ...method, requestDeserialize: tolerant(method, { maxBytes: MAX_BYTES }) },
    ]),
  );
}

/**
 * grpc-health-check keeps every name that was ever watched, and says back an unknown one however
 * long it is. It gets to see the names that there are.
 */
function guarded(
  handlers: UntypedServiceImplementation,
  remember: (call: Watch) => void,
): UntypedServiceImplementation {
  const { check, watch } = handlers as unknown as Handlers;
  const guards: Handlers = {
    check(call, callback) {
      const { request } = call;
      if (request instanceof MalformedMessage) callback(MALFORMED);
      else if (isKnown(request)) check(call, callback);
      else callback({ code: status.NOT_FOUND, details: 'There is no such service here.' });
    },
    watch(call) {
      const { request } = call;
      if (request instanceof MalformedMessage) {
        call.emit('error', MALFORMED);
        return;
      }
      remember(call);
      if (isKnown(request)) watch(call);
      else call.write({ status: 'SERVICE_UNKNOWN' });
    },
  };
  return { ...handlers, ...guards };
}

const isKnown = ({ service = '' }: { readonly service?: string }): boolean =>
  NAMES.includes(service);
