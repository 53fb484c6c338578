import { HealthImplementation } from 'grpc-health-check';
import { SERVICE_NAME } from './service.ts';

/** grpc.health.v1, for the server as a whole ('') and for the service. */
export function createHealth() {
  const names = ['', SERVICE_NAME];
  const health = new HealthImplementation(
    Object.fromEntries(names.map((name) => [name, 'NOT_SERVING' as const])),
  );
  return {
    addTo: (server: Parameters<HealthImplementation['addToServer']>[0]) =>
      health.addToServer(server),
    set(serving: boolean) {
      for (const name of names) health.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING');
    },
  };
}
