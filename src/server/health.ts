import {
  type Server,
  type ServerWritableStream,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { SERVICE_NAME } from './service.ts';

type Watch = ServerWritableStream<unknown, unknown>;

/** grpc.health.v1, for the server as a whole ('') and for the service. */
export function createHealth() {
  const names = ['', SERVICE_NAME];
  const health = new HealthImplementation(
    Object.fromEntries(names.map((name) => [name, 'NOT_SERVING' as const])),
  );
  const watches = new Set<Watch>();
  const remembering = (handlers: UntypedServiceImplementation): UntypedServiceImplementation => ({
    ...handlers,
    watch(call: Watch) {
      watches.add(call);
      call.once('cancelled', () => watches.delete(call));
      (handlers['watch'] as (call: Watch) => void)(call);
    },
  });

  return {
    addTo: (server: Pick<Server, 'addService'>) =>
      health.addToServer({
        addService: (service, handlers) => server.addService(service, remembering(handlers)),
      }),
    set(serving: boolean) {
      for (const name of names) health.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING');
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
