import {
  type ChannelCredentials,
  Client,
  credentials,
  Server,
  type ServerUnaryCall,
  type sendUnaryData,
} from '@grpc/grpc-js';
import type { Arrival } from '../../../src/call.ts';
import { type Connections, createConnections } from '../../../src/server/listener/connections.ts';
import {
  createListener,
  type Listener,
  type ListenerOptions,
} from '../../../src/server/listener/listener.ts';
import { serverOptions } from '../../../src/server/listener/options.ts';

export const LIMITS = {
  maxConnections: 100,
  prefaceTimeoutMs: 2000,
  handshakeTimeoutMs: 2000,
  longestMs: 1_990_000,
};

export const WIRE = {
  maxMessageBytes: 4_194_304,
  maxConcurrentStreams: 100,
  keepaliveTimeMs: 10_000,
  keepaliveTimeoutMs: 5000,
  maxIdleMs: 300_000,
  maxAgeMs: 1_800_000,
  channelz: false,
};

const raw = (bytes: Buffer): Buffer => bytes;

/** A real grpc-js server whose one method answers what the listener knows of the caller. */
export interface Door {
  readonly server: Server;
  readonly connections: Connections;
  readonly arrivals: Arrival[];
  open(options?: Partial<ListenerOptions>): Promise<{ listener: Listener; address: string }>;
  close(): Promise<void>;
}

export function createDoor(hold: () => Promise<void> = async () => {}): Door {
  const server = new Server(serverOptions(WIRE));
  const connections = createConnections();
  const arrivals: Arrival[] = [];
  const listeners: Listener[] = [];
  const whoAmI = (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>): void => {
    const arrival = connections.of(call);
    arrivals.push(arrival);
    void hold().then(() => done(null, Buffer.from(arrival.peer)));
  };
  server.addService(
    {
      whoAmI: {
        path: '/test.Door/WhoAmI',
        requestStream: false,
        responseStream: false,
        requestSerialize: raw,
        requestDeserialize: raw,
        responseSerialize: raw,
        responseDeserialize: raw,
      },
    },
    { whoAmI },
  );
  return {
    server,
    connections,
    arrivals,
    async open(options = {}) {
      const address = '127.0.0.1:0';
      const listener = createListener({ address, server, connections, limits: LIMITS, ...options });
      listeners.push(listener);
      return { listener, address: await listener.listen() };
    },
    async close() {
      await Promise.all(listeners.map((listener) => listener.drain(0)));
    },
  };
}

export interface Caller {
  whoAmI(body?: Buffer): Promise<string>;
  close(): void;
}

export function createCaller(
  address: string,
  creds: ChannelCredentials = credentials.createInsecure(),
  options: Record<string, string | number> = {},
): Caller {
  const client = new Client(address, creds, { 'grpc.use_local_subchannel_pool': 1, ...options });
  return {
    whoAmI: (body = Buffer.alloc(0)) =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(
          '/test.Door/WhoAmI',
          raw,
          raw,
          body,
          { deadline: Date.now() + 15_000 },
          (error, answer) => (error ? reject(error) : resolve(String(answer))),
        );
      }),
    close: () => client.close(),
  };
}
