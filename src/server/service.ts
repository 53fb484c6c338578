import { type GrpcObject, loadPackageDefinition, type ServiceDefinition } from '@grpc/grpc-js';
import { hasMoreFields, largestField, type Shape } from '../contract/count-fields.ts';
import { loadProto } from '../contract/proto.ts';
import type { Rpc } from '../contract/service-names.ts';
import { BATCH, CALL, CHECK, STREAM_ITEM } from '../contract/shapes.ts';
import type { ProtoGrpcType } from '../gen/reencrypt.ts';

/** KMS's limits add up to about 110 kB for one call; whole messages are bounded by the server. */
const MOST_CALL_BYTES = 256 * 1024;

/** Enough for a thousand pairs in each context, of three fields each, and ten grant tokens. */
const MOST_FIELDS = 6100;

/** The server bounds its bytes. Enough for a thousand items with ten pairs in each context and ten tokens. */
const OF_BATCH = {
  maxBytes: Number.POSITIVE_INFINITY,
  maxItemBytes: MOST_CALL_BYTES,
  mostFields: 90_000,
  shape: BATCH,
};

/** Stands for a message that could not be decoded: the handler answers for it, with a decision id. */
export class MalformedMessage extends Error {
  override readonly name = 'MalformedMessage';
}

/** The service as grpc-js wants it. */
export function loadService(): ServiceDefinition {
  const loaded = loadProto('kms/reencrypt/v1/reencrypt.proto');
  const { service } = (loadPackageDefinition(loaded) as GrpcObject & ProtoGrpcType).kms.reencrypt.v1
    .ReEncryptService;
  const { ReEncrypt, CheckReEncrypt, BatchReEncrypt, StreamReEncrypt } = service;
  return {
    ReEncrypt: { ...ReEncrypt, requestDeserialize: tolerant(ReEncrypt, { shape: CALL }) },
    CheckReEncrypt: {
      ...CheckReEncrypt,
      requestDeserialize: tolerant(CheckReEncrypt, { shape: CHECK }),
    },
    BatchReEncrypt: { ...BatchReEncrypt, requestDeserialize: tolerant(BatchReEncrypt, OF_BATCH) },
    StreamReEncrypt: {
      ...StreamReEncrypt,
      requestDeserialize: tolerant(StreamReEncrypt, { shape: STREAM_ITEM }),
    },
  } satisfies Record<Rpc, unknown>;
}

/** A message as the handler gets it. */
export interface Undecoded<Request> {
  readonly bytes: number;
  decode(): Request | MalformedMessage;
}

/** The same service, but its handlers decode the messages, each in its turn. */
export function withoutDecoding(service: ServiceDefinition): ServiceDefinition {
  const methods = Object.entries(service).map(([name, method]) => {
    const requestDeserialize = (bytes: Buffer): Undecoded<unknown> => ({
      bytes: bytes.length,
      decode: () => method.requestDeserialize(bytes),
    });
    return [name, { ...method, requestDeserialize }];
  });
  return Object.fromEntries(methods);
}

/** grpc-js would answer a message that it cannot decode with INTERNAL, but it is the caller's mistake. */
export function tolerant<Request>(
  { requestDeserialize }: { readonly requestDeserialize: (bytes: Buffer) => Request },
  {
    maxBytes = MOST_CALL_BYTES,
    maxItemBytes = Number.POSITIVE_INFINITY,
    mostFields = MOST_FIELDS,
    shape = {} as Shape,
  } = {},
) {
  return (bytes: Buffer): Request | MalformedMessage => {
    if (bytes.length > maxBytes) {
      return new MalformedMessage(`must have at most ${maxBytes} bytes`);
    }
    try {
      if (hasMoreFields(bytes, shape, mostFields)) {
        return new MalformedMessage(`must have at most ${mostFields} fields`);
      }
      // After the count, which refuses what would take long here too.
      if (bytes.length > maxItemBytes && largestField(bytes) > maxItemBytes) {
        return new MalformedMessage(`must have items of at most ${maxItemBytes} bytes`);
      }
      return requestDeserialize(bytes);
    } catch (cause) {
      return new MalformedMessage('must be a message of this method’s type', { cause });
    }
  };
}
