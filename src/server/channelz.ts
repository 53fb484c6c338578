import { addAdminServicesToServer, Server } from '@grpc/grpc-js';

/** A server that reports every connection and call of the process (gRFC A14), and serves nothing else. */
export function createChannelzServer(): Server {
  const server = new Server({ 'grpc.enable_channelz': 0 });
  addAdminServicesToServer(server);
  return server;
}
