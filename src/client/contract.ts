import { type GrpcObject, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync, type MessageTypeDefinition, type PackageDefinition } from '@grpc/proto-loader';
import type { ProtoGrpcType as HealthTypes } from '../gen/health.ts';
import type { ProtoGrpcType as ReEncryptTypes } from '../gen/reencrypt.ts';
import { packaged } from '../packaged.ts';

const PROTO_FOLDER = packaged('proto');

/** Messages and services of the wire contract, under their full names. */
export function loadReEncryptTypes(): ReEncryptTypes {
  return typed(load('kms/reencrypt/v1/reencrypt.proto'));
}

export function loadHealthTypes(): HealthTypes {
  return typed(load('grpc/health/v1/health.proto'));
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
    ...load('google/rpc/status.proto'),
    ...load('google/rpc/error_details.proto'),
  };
  return <Name extends keyof Messages>(name: Name, bytes: Uint8Array) => {
    const type = definitions[name] as MessageTypeDefinition<unknown, Messages[Name]>;
    return type.deserialize(Buffer.from(bytes));
  };
}

function load(file: string): PackageDefinition {
  return loadSync(file, {
    includeDirs: [PROTO_FOLDER],
    longs: String,
    enums: String,
    defaults: true,
    oneofs: true,
  });
}

/** The generated types describe what these very files and options load to; nothing can check it. */
function typed<Types>(definition: PackageDefinition): Types {
  return loadPackageDefinition(definition) as GrpcObject & Types;
}
