import { type GrpcObject, loadPackageDefinition, type ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import protobuf from 'protobufjs';
import type { ProtoGrpcType } from '../gen/reencrypt.ts';
import { packaged } from '../packaged.ts';

/** Where the `.proto` files are, in the repository and in the package alike. */
export const PROTO_ROOT = packaged('proto');

export const SERVICE_NAME = 'kms.reencrypt.v1.ReEncryptService';

/** KMS's limits add up to about 110 kB for one call; whole messages are bounded by the server. */
const MAX_CALL_BYTES = 256 * 1024;

/** A call of a thousand pairs in each context and ten grant tokens has fewer. */
const MOST_FIELDS = 3000;

/** The server bounds its bytes. A thousand items with ten pairs in each context have fewer fields. */
const OF_BATCH = { maxBytes: Number.POSITIVE_INFINITY, mostFields: 40_000, call: [1, 2] };

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
  const { ReEncrypt, CheckReEncrypt, BatchReEncrypt, StreamReEncrypt } = service;
  return {
    ReEncrypt: { ...ReEncrypt, requestDeserialize: tolerant(ReEncrypt) },
    CheckReEncrypt: {
      ...CheckReEncrypt,
      requestDeserialize: tolerant(CheckReEncrypt, { call: [1] }),
    },
    BatchReEncrypt: { ...BatchReEncrypt, requestDeserialize: tolerant(BatchReEncrypt, OF_BATCH) },
    StreamReEncrypt: {
      ...StreamReEncrypt,
      requestDeserialize: tolerant(StreamReEncrypt, { call: [2] }),
    },
  };
}

/**
 * grpc-js answers a message that it cannot decode with INTERNAL; it is the caller's mistake. `call`: the
 * numbers of the fields that lead to a call in the message.
 */
export function tolerant<Request>(
  { requestDeserialize }: { readonly requestDeserialize: (bytes: Buffer) => Request },
  { maxBytes = MAX_CALL_BYTES, mostFields = MOST_FIELDS, call = [] as readonly number[] } = {},
) {
  return (bytes: Buffer): Request | MalformedMessage => {
    if (bytes.length > maxBytes) {
      return new MalformedMessage(`must have at most ${maxBytes} bytes`);
    }
    try {
      // A field is two bytes at least. To look through them is far cheaper than to decode them.
      if (bytes.length > 2 * mostFields && countFields(bytes, call) > mostFields) {
        return new MalformedMessage(`must have at most ${mostFields} fields`);
      }
      return requestDeserialize(bytes);
    } catch (cause) {
      return new MalformedMessage('must be a message of this method’s type', { cause });
    }
  };
}

/** Of the message, and of the messages in it that lie on the way. @throws Error where it is no message */
function countFields(bytes: Uint8Array, [next, ...further]: readonly number[]): number {
  const reader = protobuf.Reader.create(bytes);
  let count = 0;
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const type = tag & 7;
    count += 1;
    if (tag >>> 3 === next && type === DELIMITED) count += countFields(reader.bytes(), further);
    else reader.skipType(type);
  }
  return count;
}

const DELIMITED = 2;
