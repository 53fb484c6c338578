import { Server, type ServerOptions, type UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Pipeline } from '../pipeline.ts';
import type { createHealth } from './health.ts';
import { reEncryptMethod } from './re-encrypt.ts';
import { loadService } from './service.ts';
import { type HandlerTools, unaryHandler } from './unary.ts';

export interface GrpcServerParts {
  readonly options: ServerOptions;
  readonly pipeline: Pipeline;
  readonly tools: HandlerTools;
  readonly health: ReturnType<typeof createHealth>;
}

/** The gRPC server with its services, not yet listening. Methods without a handler are UNIMPLEMENTED. */
export function createGrpcServer({ options, pipeline, tools, health }: GrpcServerParts): Server {
  const server = new Server(options);
  const handlers: UntypedServiceImplementation = {
    ReEncrypt: unaryHandler(reEncryptMethod(pipeline, tools), tools),
  };
  server.addService(loadService(), handlers);
  health.addTo(server);
  return server;
}
