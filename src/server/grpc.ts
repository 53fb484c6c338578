import { Server, type ServerOptions } from '@grpc/grpc-js';
import type { Check } from '../check.ts';
import type { Rpc } from '../contract/service-names.ts';
import type { Pipeline } from '../pipeline.ts';
import type { Stages } from '../stages.ts';
import { batchReEncryptMethod, MOST_ANSWER_BYTES } from './batch-re-encrypt.ts';
import { checkReEncryptMethod } from './check-re-encrypt.ts';
import type { HandlerTools } from './handler-tools.ts';
import type { Health } from './health.ts';
import { reEncryptMethod } from './re-encrypt.ts';
import { createPerformItem } from './re-encrypt-item.ts';
import { loadService, withoutDecoding } from './service.ts';
import { createStreamReEncrypt } from './stream-re-encrypt.ts';
import { unaryHandler } from './unary.ts';

interface GrpcServerParts {
  readonly options: ServerOptions;
  readonly pipeline: Pipeline;
  readonly check: Check;
  readonly identify: Stages['identify'];
  readonly tools: HandlerTools;
  readonly health: Health;
  /** Items of one batch or stream that are under way at a time. */
  readonly itemsAtOnce: number;
}

export interface GrpcServer {
  readonly server: Server;
  /** Ends the streams that would never end by themselves, once all that they took in is answered. */
  endStreams(): void;
}

/** The gRPC server with its services, not yet listening. */
export function createGrpcServer(parts: GrpcServerParts): GrpcServer {
  const { options, pipeline, check, identify, tools, health, itemsAtOnce } = parts;
  const server = new Server({ ...options, 'grpc.max_send_message_length': MOST_ANSWER_BYTES });
  const ofItems = { performItem: createPerformItem(pipeline, tools), itemsAtOnce, tools };
  const streams = createStreamReEncrypt(ofItems);
  server.addService(withoutDecoding(loadService()), {
    ReEncrypt: unaryHandler(reEncryptMethod(pipeline, tools), tools),
    BatchReEncrypt: unaryHandler(batchReEncryptMethod({ ...ofItems, identify }), tools),
    StreamReEncrypt: streams.handler,
    CheckReEncrypt: unaryHandler(checkReEncryptMethod(check, tools), tools),
  } satisfies Record<Rpc, unknown>);
  health.addTo(server, tools);
  return {
    server,
    endStreams() {
      streams.drain();
      health.endWatches();
    },
  };
}
