import { type GrpcObject, loadPackageDefinition } from '@grpc/grpc-js';
import type {
  MessageTypeDefinition,
  PackageDefinition,
  ServiceDefinition,
} from '@grpc/proto-loader';
import { hasMoreFields, type Shape } from '../contract/count-fields.ts';
import { loadProto } from '../contract/proto.ts';
import { SERVICE_NAME } from '../contract/service-names.ts';
import { BATCH_ANSWER, CHECK_ANSWER, STREAM_RESULT } from '../contract/shapes.ts';
import type { ProtoGrpcType as HealthTypes } from '../gen/health.ts';
import type { ProtoGrpcType as ReEncryptTypes } from '../gen/reencrypt.ts';

/** Messages and services of the wire contract, under their full names. */
export function loadReEncryptTypes(): ReEncryptTypes {
  const { [SERVICE_NAME]: service, ...messages } = loadProto('kms/reencrypt/v1/reencrypt.proto');
  return typed({ ...messages, [SERVICE_NAME]: bounded(service as ServiceDefinition) });
}

/** The answers that can repeat something. */
const ANSWERS: Readonly<Record<string, Shape>> = {
  BatchReEncrypt: BATCH_ANSWER,
  StreamReEncrypt: STREAM_RESULT,
  CheckReEncrypt: CHECK_ANSWER,
};

/** The largest batch has some 20,000. */
const MOST_FIELDS = 100_000;

/** An answer of 16 MiB can have millions of fields, whose decoding takes gigabytes and holds up every deadline. */
function bounded(service: ServiceDefinition): ServiceDefinition {
  const methods = Object.entries(service).map(([name, method]) => {
    const shape = ANSWERS[name];
    if (!shape) return [name, method] as const;
    const responseDeserialize = (bytes: Buffer) => {
      if (hasMoreFields(bytes, shape, MOST_FIELDS))
        throw new Error(`the answer has more than ${MOST_FIELDS} fields`);
      return method.responseDeserialize(bytes);
    };
    return [name, { ...method, responseDeserialize }] as const;
  });
  return Object.fromEntries(methods);
}

export function loadHealthTypes(): HealthTypes {
  return typed(loadProto('grpc/health/v1/health.proto'));
}

export interface ErrorInfo {
  readonly reason: string;
  readonly domain: string;
  readonly metadata: Readonly<Record<string, string>>;
}

interface Messages {
  'google.rpc.Status': { code: number; message: string; details: readonly PackedMessage[] };
  'google.rpc.ErrorInfo': ErrorInfo;
  'google.rpc.BadRequest': {
    fieldViolations: readonly { readonly field: string; readonly description: string }[];
  };
  'google.rpc.RetryInfo': { retryDelay: { seconds: string; nanos: number } | null };
}

/** `google.protobuf.Any` as it came off the wire. */
export interface PackedMessage {
  readonly type_url: string;
  readonly value: Uint8Array;
}

export type Unpack = <Name extends keyof Messages>(name: Name, bytes: Uint8Array) => Messages[Name];

/** Loaded once for all errors: the items of a batch may carry a thousand. */
let unpack: Unpack | undefined;

/** Decodes the messages that gRPC errors carry. @throws Error if the bytes are not that message. */
export function loadErrorDetails(): Unpack {
  unpack ??= createUnpack();
  return unpack;
}

function createUnpack(): Unpack {
  const definitions = {
    ...loadProto('google/rpc/status.proto'),
    ...loadProto('google/rpc/error_details.proto'),
  };
  return <Name extends keyof Messages>(name: Name, bytes: Uint8Array) => {
    const type = definitions[name] as MessageTypeDefinition<unknown, Messages[Name]>;
    return type.deserialize(Buffer.from(bytes));
  };
}

/** The generated types describe what these very files and options load to; nothing can check it. */
function typed<Types>(definition: PackageDefinition): Types {
  return loadPackageDefinition(definition) as GrpcObject & Types;
}
