import { fileURLToPath } from 'node:url';
import { type GrpcObject, loadPackageDefinition, type ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { ProtoGrpcType } from '../gen/reencrypt.ts';

/** Where the `.proto` files are, in the repository and in the package alike. */
export const PROTO_ROOT = fileURLToPath(new URL('../../proto', import.meta.url));

export const SERVICE_NAME = 'kms.reencrypt.v1.ReEncryptService';

/** KMS's limits add up to about 110 kB for one call; whole messages are bounded by the server. */
const MAX_CALL_BYTES = 256 * 1024;

/** Stands for a message that could not be decoded: the handler answers for it, with a decision id. */
export class MalformedMessage extends Error {
  override readonly name = 'MalformedMessage';
}

/** The service as grpc-js wants it; the flags are those that the types in `gen/` were made with. */
export function loadService(): ServiceDefinition {
  const loaded = loadSync('kms/reencrypt/v1/reencrypt.proto', {
    includeDirs: [PROTO_ROOT],
    longs: String,
    enums: String,
    defaults: true,
    oneofs: true,
  });
  const { service } = (loadPackageDefinition(loaded) as GrpcObject & ProtoGrpcType).kms.reencrypt.v1
    .ReEncryptService;
  const { ReEncrypt, CheckReEncrypt } = service;
  return {
    ...service,
    ReEncrypt: { ...ReEncrypt, requestDeserialize: tolerant(ReEncrypt) },
    CheckReEncrypt: { ...CheckReEncrypt, requestDeserialize: tolerant(CheckReEncrypt) },
  };
}

/** grpc-js answers a message that it cannot decode with INTERNAL; it is the caller's mistake. */
export function tolerant<Request>({
  requestDeserialize,
}: {
  readonly requestDeserialize: (bytes: Buffer) => Request;
}) {
  return (bytes: Buffer): Request | MalformedMessage => {
    if (bytes.length > MAX_CALL_BYTES) {
      return new MalformedMessage(`must have at most ${MAX_CALL_BYTES} bytes`);
    }
    try {
      return requestDeserialize(bytes);
    } catch (cause) {
      return new MalformedMessage('must be a message of this method’s type', { cause });
    }
  };
}
