import { promisify } from 'node:util';
import {
  type handleServerStreamingCall,
  type Metadata,
  Server,
  ServerCredentials,
  type ServerWritableStream,
} from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { type Issued, pkcs8 } from './certificates.ts';

/** Concatenated DER of CAs, by the SPIFFE ID of their trust domain. */
type WireBundles = Readonly<Record<string, Buffer>>;

interface WireSvid {
  readonly id: string;
  readonly issued: Issued;
  /** DER of the intermediate CAs between the SVID and its bundle. */
  readonly above?: readonly Buffer[];
  readonly bundle: Buffer;
  readonly federated?: WireBundles;
}

/** A Workload API as an agent serves it. */
export interface Agent {
  readonly asked: readonly Metadata[];
  /** Sends this to everyone who asks for SVIDs, now and later. A number refuses with that code. */
  svids(message: Buffer | number): void;
  /** The same for bundles. */
  bundles(message: Buffer | number): void;
  stop(): void;
}

type Stream = ServerWritableStream<Buffer, Buffer>;

export async function startAgent(socket: string): Promise<Agent> {
  const asked: Metadata[] = [];
  const server = new Server();
  const svids = addMethod(server, 'FetchX509SVID', asked);
  const bundles = addMethod(server, 'FetchX509Bundles', asked);
  await promisify(server.bindAsync.bind(server))(socket, ServerCredentials.createInsecure());
  return { asked, svids, bundles, stop: () => server.forceShutdown() };
}

function addMethod(server: Server, name: string, asked: Metadata[]) {
  const raw = (bytes: Buffer): Buffer => bytes;
  const streams: Stream[] = [];
  let latest: Buffer | number | undefined;
  const send = (stream: Stream): void => {
    if (typeof latest === 'number') stream.emit('error', { code: latest, details: 'no identity' });
    else if (latest) stream.write(latest);
  };
  const serve: handleServerStreamingCall<Buffer, Buffer> = (stream) => {
    asked.push(stream.metadata);
    streams.push(stream);
    send(stream);
  };
  const method = {
    path: `/SpiffeWorkloadAPI/${name}`,
    requestStream: false,
    responseStream: true,
    requestSerialize: raw,
    requestDeserialize: raw,
    responseSerialize: raw,
    responseDeserialize: raw,
  };
  server.addService({ [name]: method }, { [name]: serve });
  return (message: Buffer | number): void => {
    latest = message;
    for (const stream of streams) send(stream);
  };
}

/** `X509SVIDResponse` of the published proto, written by hand. */
export function svidMessage({ id, issued, above = [], bundle, federated = {} }: WireSvid): Buffer {
  const one = protobuf.Writer.create();
  const chain = Buffer.concat([issued.der, ...above]);
  one.uint32(10).string(id).uint32(18).bytes(chain);
  one.uint32(26).bytes(pkcs8(issued.key)).uint32(34).bytes(bundle);
  const message = protobuf.Writer.create().uint32(10).bytes(one.finish());
  return withMap(message, 3, federated);
}

/** `X509BundlesResponse` of the published proto. */
export const bundlesMessage = (bundles: WireBundles): Buffer =>
  withMap(protobuf.Writer.create(), 2, bundles);

function withMap(message: protobuf.Writer, field: number, map: WireBundles): Buffer {
  for (const [id, ders] of Object.entries(map)) {
    const entry = protobuf.Writer.create().uint32(10).string(id).uint32(18).bytes(ders).finish();
    message.uint32((field << 3) | 2).bytes(entry);
  }
  return Buffer.from(message.finish());
}
