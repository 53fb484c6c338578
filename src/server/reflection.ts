import { type handleBidiStreamingCall, type Server, status } from '@grpc/grpc-js';
import { PROTO_ROOT } from '../contract/proto.ts';
import { REFLECTION_SERVICES } from '../contract/service-names.ts';
import { countStream, onceAllCame } from './count-stream.ts';
import { type Descriptors, readDescriptors } from './descriptors.ts';
import type { HandlerTools, RpcCounters } from './handler-tools.ts';
import { type Ask, type Asked, createWire } from './reflection-wire.ts';
import { createPlaces, type OpenStream, whoHolds } from './stream-places.ts';

const DESCRIPTORS = `${PROTO_ROOT}/services.binpb`;
export const REFLECTION_PATHS = REFLECTION_SERVICES.map(
  (service) => `/${service}/ServerReflectionInfo`,
);

type Info = handleBidiStreamingCall<Asked, object>;

interface ReflectionOptions {
  readonly services: readonly string[];
  readonly tools: HandlerTools;
}

/**
 * Adds server reflection for these services, so that clients need no `.proto` files. `drain` ends its streams, which
 * would otherwise hold up the proxy's end.
 */
export function addReflection(
  server: Server,
  { services, tools }: ReflectionOptions,
): { drain(): void } {
  const known = { descriptors: readDescriptors(DESCRIPTORS), services };
  const wire = createWire();
  const places = createPlaces(tools);
  for (const path of REFLECTION_PATHS) {
    const method = { path, requestStream: true, responseStream: true, ...wire };
    const info = infoAt(tools.rpc(path), { known, tools, places });
    server.addService({ ServerReflectionInfo: method }, { ServerReflectionInfo: info });
  }
  return { drain: places.drain };
}

interface InfoParts {
  readonly known: Known;
  readonly tools: HandlerTools;
  /** Shared by both versions. */
  readonly places: ReturnType<typeof createPlaces>;
}

function infoAt(counters: RpcCounters, { known, tools, places }: InfoParts): Info {
  return (call) => {
    countStream(call, counters);
    const one = openStream(call, tools);
    call.on('data', ({ ask, bytes }: Asked) => {
      counters.received();
      counters.sent();
      if (call.write({ originalRequest: bytes, ...answer(ask, known) })) return;
      // A request is tiny and its answer is not: a client that does not read is not read from.
      call.pause();
      call.once('drain', () => call.resume());
    });
    onceAllCame(call, () => call.end());
    places.seat(call, one);
  };
}

function openStream(call: Parameters<Info>[0], tools: HandlerTools): OpenStream {
  let idleSince = performance.now();
  call.on('data', () => {
    idleSince = performance.now();
  });
  call.on('error', () => {});
  return {
    ...whoHolds(tools.arrivalOf(call)),
    idleFor: () => performance.now() - idleSince,
    close(why) {
      call.removeAllListeners('data').pause();
      if (!call.writableEnded) call.emit('error', tools.status.toStatus(why, tools.newId()));
    },
  };
}

interface Known {
  readonly descriptors: Descriptors;
  readonly services: readonly string[];
}

function answer(ask: Ask, { descriptors, services }: Known): object {
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
  if (ask.fileContainingExtension) return failure(status.NOT_FOUND, 'there is no such extension');
  return failure(status.INVALID_ARGUMENT, 'the request asks for nothing');
}

function filesOr(files: readonly Uint8Array[] | undefined): object {
  if (!files) return failure(status.NOT_FOUND, 'there is no such file or symbol');
  return { fileDescriptorResponse: { fileDescriptorProto: files } };
}

function failure(errorCode: status, errorMessage: string): object {
  return { errorResponse: { errorCode, errorMessage } };
}
