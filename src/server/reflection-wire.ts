import protobuf from 'protobufjs';

/** What a client may ask for; exactly one of these is set. */
export interface Ask {
  readonly fileByFilename?: string;
  readonly fileContainingSymbol?: string;
  readonly fileContainingExtension?: object;
  readonly allExtensionNumbersOfType?: string;
  readonly listServices?: string;
}

/** A request, with its bytes, which go back as `original_request`. */
export interface Asked {
  readonly ask: Ask;
  readonly bytes: Uint8Array;
}

/** A longer question asks for nothing that is here, and its answer repeats it. */
const MOST_BYTES = 1024;

/** https://github.com/grpc/grpc/blob/master/doc/server-reflection.md, as far as it is used here. */
export function createWire() {
  const { root } = protobuf.parse(WIRE);
  const [request, response] = [root.lookupType('Request'), root.lookupType('Response')];
  return {
    requestSerialize: (asked: Asked) => Buffer.from(asked.bytes),
    requestDeserialize: (bytes: Buffer): Asked => {
      if (bytes.length > MOST_BYTES) return { ask: {}, bytes: Buffer.alloc(0) };
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
