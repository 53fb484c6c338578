import {
  Server,
  type ServerOptions,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { Check } from '../check.ts';
import type { Pipeline } from '../pipeline.ts';
import { checkReEncryptMethod } from './check-re-encrypt.ts';
import type { createHealth } from './health.ts';
import { reEncryptMethod } from './re-encrypt.ts';
import { loadService } from './service.ts';
import { type HandlerTools, unaryHandler } from './unary.ts';

export interface GrpcServerParts {
  readonly options: ServerOptions;
  readonly pipeline: Pipeline;
  readonly check: Check;
  readonly tools: HandlerTools;
  readonly health: ReturnType<typeof createHealth>;
}

/** The gRPC server with its services, not yet listening. */
export function createGrpcServer(parts: GrpcServerParts): Server {
  const { options, pipeline, check, tools, health } = parts;
  const server = new Server(options);
  const handlers: UntypedServiceImplementation = {
    ReEncrypt: unaryHandler(reEncryptMethod(pipeline, tools), tools),
    CheckReEncrypt: unaryHandler(checkReEncryptMethod(check, tools), tools),
  };
  server.addService(served(loadService(), handlers), handlers);
  health.addTo(server, tools);
  return server;
}

/**
 * The methods that have a handler. grpc-js would decode the message of another one before it says
 * UNIMPLEMENTED, and say INTERNAL where it cannot; to what it does not know it says so at once.
 */
function served(
  service: ServiceDefinition,
  handlers: UntypedServiceImplementation,
): ServiceDefinition {
  return Object.fromEntries(
    Object.entries(service).filter(([method]) => Object.hasOwn(handlers, method)),
  );
}
