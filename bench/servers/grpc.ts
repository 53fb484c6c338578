import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  type GrpcObject,
  type handleUnaryCall,
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServiceClientConstructor,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const PROTO = fileURLToPath(new URL('../../proto', import.meta.url));

/** A ReEncrypt as proto-loader hands it over. */
export interface Request {
  readonly ciphertextBlob: Buffer;
  readonly sourceKeyId: string;
  readonly sourceEncryptionContext: Record<string, string>;
  readonly destinationKeyId: string;
  readonly destinationEncryptionContext: Record<string, string>;
  readonly grantTokens: string[];
}

export type Handler = handleUnaryCall<Request, object>;

/** Serves ReEncrypt on a free port of loopback and says which. */
export async function serveReEncrypt(handler: Handler) {
  const loaded = loadSync('kms/reencrypt/v1/reencrypt.proto', {
    includeDirs: [PROTO],
    longs: Number,
    defaults: true,
  });
  const tree = loadPackageDefinition(loaded) as GrpcObject;
  const server = new Server();
  server.addService(serviceIn(tree), { ReEncrypt: handler });
  const bind = promisify(server.bindAsync.bind(server));
  const port = await bind('127.0.0.1:0', ServerCredentials.createInsecure());
  console.log(`listening on 127.0.0.1:${port}`);
}

function serviceIn(tree: GrpcObject) {
  const path = ['kms', 'reencrypt', 'v1', 'ReEncryptService'];
  const found = path.reduce<unknown>((at, name) => (at as GrpcObject)[name], tree);
  return (found as ServiceClientConstructor).service;
}
