import { type handleBidiStreamingCall, type Server, status } from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { PROTO_ROOT } from '../contract/proto.ts';
import { countStream, onceAllCame } from './count-stream.ts';
import { type Descriptors, readDescriptors } from './descriptors.ts';
import type { HandlerTools } from './handler-tools.ts';

const DESCRIPTORS = `${PROTO_ROOT}/services.binpb`;
/** The older name is what grpcurl and many other clients still ask for first. */
export const REFLECTION_PATHS = ['v1', 'v1alpha'].map(
  (version) => `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
);

/** What a client may ask for; exactly one of these is set. */
interface Ask {
  readonly fileByFilename?: string;
  readonly fileContainingSymbol?: string;
  readonly fileContainingExtension?: object;
  readonly allExtensionNumbersOfType?: string;
  readonly listServices?: string;
}

/** A request, with its bytes, which go back as `original_request`. */
interface Asked {
  readonly ask: Ask;
  readonly bytes: Uint8Array;
}

interface ReflectionOptions {
  readonly services: readonly string[];
  readonly rpc: HandlerTools['rpc'];
}

/** Adds server reflection for these services, so that clients need no `.proto` files. */
export function addReflection(server: Server, { services, rpc }: ReflectionOptions): void {
  const descriptors = readDescriptors(DESCRIPTORS);
  const wire = createWire();
  const infoAt = (path: string): handleBidiStreamingCall<Asked, object> => {
    const counters = rpc(path);
    return (call) => {
      countStream(call, counters);
      call.on('data', ({ ask, bytes }: Asked) => {
        counters.received();
        counters.sent();
        if (call.write({ originalRequest: bytes, ...answer(ask, { descriptors, services }) }))
          return;
        // A request is tiny and its answer is not: a client that does not read is not read from.
        call.pause();
        call.once('drain', () => call.resume());
      });
      onceAllCame(call, () => call.end());
      call.on('error', () => {});
    };
  };
  for (const path of REFLECTION_PATHS) {
    const method = { path, requestStream: true, responseStream: true, ...wire };
    server.addService({ ServerReflectionInfo: method }, { ServerReflectionInfo: infoAt(path) });
  }
}

function answer(
  ask: Ask,
  known: { descriptors: Descriptors; services: readonly string[] },
): object {
  const { descriptors, services } = known;
  if (ask.listServices !== undefined) {
    return { listServicesResponse: { service: services.map((name) => ({ name })) } };
  }
  if (ask.fileByFilename !== undefined) return filesOr(descriptors.byFileName(ask.fileByFilename));
  if (ask.fileContainingSymbol !== undefined) {
    return filesOr(descriptors.bySymbol(ask.fileContainingSymbol));
  }
  if (ask.allExtensionNumbersOfType !== undefined) {
    return { allExtensionNumbersResponse: { baseTypeName: ask.allExtensionNumbersOfType } };
  }
  return failure(
    ask.fileContainingExtension ? status.NOT_FOUND : status.INVALID_ARGUMENT,
    ask.fileContainingExtension ? 'there is no such extension' : 'the request asks for nothing',
  );
}

function filesOr(files: readonly Uint8Array[] | undefined): object {
  if (!files) return failure(status.NOT_FOUND, 'there is no such file or symbol');
  return { fileDescriptorResponse: { fileDescriptorProto: files } };
}

function failure(errorCode: status, errorMessage: string): object {
  return { errorResponse: { errorCode, errorMessage } };
}

/** https://github.com/grpc/grpc/blob/master/doc/server-reflection.md, as far as it is used here. */
function createWire() {
  const { root } = protobuf.parse(WIRE);
  const [request, response] = [root.lookupType('Request'), root.lookupType('Response')];
  return {
    requestSerialize: (asked: Asked) => Buffer.from(asked.bytes),
    requestDeserialize: (bytes: Buffer): Asked => {
      try {
        return { ask: request.toObject(request.decode(bytes), { oneofs: true }), bytes };
      } catch {
        return { ask: {}, bytes };
      }
    },
    responseSerialize: (message: object) => Buffer.from(response.encode(message).finish()),
    responseDeserialize: (bytes: Buffer): object => response.decode(bytes),
  };
}

/** Messages by the numbers of their fields; `original_request` is left as the bytes that it came in. */
const WIRE = `
  syntax = "proto3";
  message Request {
    oneof ask {
      string file_by_filename = 3;
      string file_containing_symbol = 4;
      Extension file_containing_extension = 5;
      string all_extension_numbers_of_type = 6;
      string list_services = 7;
    }
  }
  message Extension { string containing_type = 1; int32 extension_number = 2; }
  message Response {
    bytes original_request = 2;
    Files file_descriptor_response = 4;
    Numbers all_extension_numbers_response = 5;
    Services list_services_response = 6;
    Failure error_response = 7;
  }
  message Files { repeated bytes file_descriptor_proto = 1; }
  message Numbers { string base_type_name = 1; repeated int32 extension_number = 2; }
  message Services { repeated Service service = 1; }
  message Service { string name = 1; }
  message Failure { int32 error_code = 1; string error_message = 2; }
`;
