import { setTimeout as sleep } from 'node:timers/promises';
import {
  Metadata,
  type Server,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from '@grpc/grpc-js';
import protobuf from 'protobufjs';

/** The part of grpc.testing.TestService that the gRPC project's interop client uses. */
const WIRE = `
  syntax = "proto3";
  message Empty {}
  message Payload { int32 type = 1; bytes body = 2; }
  message EchoStatus { int32 code = 1; string message = 2; }
  message SimpleRequest { int32 response_size = 2; Payload payload = 3; EchoStatus response_status = 7; }
  message SimpleResponse { Payload payload = 1; }
  message StreamingInputCallRequest { Payload payload = 1; }
  message StreamingInputCallResponse { int32 aggregated_payload_size = 1; }
  message ResponseParameters { int32 size = 1; int32 interval_us = 2; }
  message StreamingOutputCallRequest {
    repeated ResponseParameters response_parameters = 2;
    Payload payload = 3;
    EchoStatus response_status = 7;
  }
  message StreamingOutputCallResponse { Payload payload = 1; }
`;

interface Echo {
  readonly responseStatus?: { readonly code: number; readonly message: string };
}

interface Simple extends Echo {
  readonly responseSize: number;
}

interface Outputs extends Echo {
  readonly responseParameters: readonly { readonly size: number; readonly intervalUs: number }[];
}

interface Input {
  readonly payload?: { readonly body: Uint8Array };
}

const payload = (size: number) => ({ payload: { body: Buffer.alloc(size) } });

/** https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md */
export function addTestService(server: Server): void {
  const { root } = protobuf.parse(WIRE);
  const method = (name: string, [request, response]: readonly [string, string], streams = '') => {
    const [asked, answered] = [root.lookupType(request), root.lookupType(response)];
    const encode = (type: protobuf.Type) => (message: object) =>
      Buffer.from(type.encode(type.fromObject(message)).finish());
    const decode = (type: protobuf.Type) => (bytes: Buffer) =>
      type.toObject(type.decode(bytes), { defaults: true, arrays: true });
    return {
      path: `/grpc.testing.TestService/${name}`,
      requestStream: streams.includes('in'),
      responseStream: streams.includes('out'),
      requestSerialize: encode(asked),
      requestDeserialize: decode(asked),
      responseSerialize: encode(answered),
      responseDeserialize: decode(answered),
    };
  };
  server.addService(
    {
      EmptyCall: method('EmptyCall', ['Empty', 'Empty']),
      UnaryCall: method('UnaryCall', ['SimpleRequest', 'SimpleResponse']),
      StreamingInputCall: method(
        'StreamingInputCall',
        ['StreamingInputCallRequest', 'StreamingInputCallResponse'],
        'in',
      ),
      StreamingOutputCall: method(
        'StreamingOutputCall',
        ['StreamingOutputCallRequest', 'StreamingOutputCallResponse'],
        'out',
      ),
      FullDuplexCall: method(
        'FullDuplexCall',
        ['StreamingOutputCallRequest', 'StreamingOutputCallResponse'],
        'in out',
      ),
    },
    {
      EmptyCall: (_: unknown, done: sendUnaryData<object>) => done(null, {}),
      UnaryCall: unary,
      StreamingInputCall: sumUp,
      StreamingOutputCall: (call: ServerWritableStream<Outputs, object>) =>
        void writeAll(call, call.request).then(() => call.end()),
      FullDuplexCall: duplex,
    },
  );
}

function unary(call: ServerUnaryCall<Simple, object>, done: sendUnaryData<object>): void {
  const { initial, trailing } = echoed(call.metadata);
  if (initial) call.sendMetadata(initial);
  const { responseStatus, responseSize } = call.request;
  if (responseStatus?.code) {
    done({ code: responseStatus.code, details: responseStatus.message, metadata: trailing });
  } else done(null, payload(responseSize), trailing);
}

function sumUp(call: ServerReadableStream<Input, object>, done: sendUnaryData<object>): void {
  let size = 0;
  call.on('data', ({ payload: part }: Input) => {
    size += part?.body.length ?? 0;
  });
  call.on('end', () => done(null, { aggregatedPayloadSize: size }));
}

function duplex(call: ServerDuplexStream<Outputs, object>): void {
  const { initial, trailing } = echoed(call.metadata);
  if (initial) call.sendMetadata(initial);
  let last = Promise.resolve();
  call.on('data', (request: Outputs) => {
    const { responseStatus } = request;
    if (responseStatus?.code) {
      call.emit('error', {
        code: responseStatus.code,
        details: responseStatus.message,
        metadata: trailing,
      });
      return;
    }
    last = last.then(() => writeAll(call, request));
  });
  call.on('end', () => void last.then(() => call.end(trailing)));
  call.on('error', () => {});
}

async function writeAll(
  call: { write(message: object): unknown },
  { responseParameters }: Outputs,
): Promise<void> {
  for (const { size, intervalUs } of responseParameters) {
    await sleep(intervalUs / 1000);
    call.write(payload(size));
  }
}

/** Returns two metadata fields of the call: one as a header, one as a trailer. */
function echoed(metadata: Metadata) {
  const [first] = metadata.get('x-grpc-test-echo-initial');
  const [last] = metadata.get('x-grpc-test-echo-trailing-bin');
  const initial = first === undefined ? undefined : new Metadata();
  if (first !== undefined) initial?.set('x-grpc-test-echo-initial', first);
  const trailing = new Metadata();
  if (last !== undefined) trailing.set('x-grpc-test-echo-trailing-bin', last);
  return { initial, trailing };
}
