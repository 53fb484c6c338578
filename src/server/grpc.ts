import { Server, type ServerOptions, type UntypedServiceImplementation } from '@grpc/grpc-js';
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

/** The gRPC server with its services, not yet listening. Methods without a handler are UNIMPLEMENTED. */
export function createGrpcServer(parts: GrpcServerParts): Server {
  const { options, pipeline, check, tools, health } = parts;
  const server = new Server(options);
  const handlers: UntypedServiceImplementation = {
    ReEncrypt: unaryHandler(reEncryptMethod(pipeline, tools), tools),
    CheckReEncrypt: unaryHandler(checkReEncryptMethod(check, tools), tools),
  };
  server.addService(loadService(), handlers);
  health.addTo(server);
  return server;
}
