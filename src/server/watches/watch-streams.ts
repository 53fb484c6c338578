import { type ChannelListener, subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';

/** What Node publishes about a stream: the very objects that the server's stream handler gets afterwards. */
export interface Published<Stream = ServerHttp2Stream> {
  readonly stream: Stream;
  readonly headers?: IncomingHttpHeaders;
}

interface StreamWatch<Stream> {
  readonly created?: (published: Published<Stream>) => void;
  readonly closed?: (published: Published<Stream>) => void;
}

/**
 * Reports the streams of every HTTP/2 server in the process, each new one before grpc-js gets it. A
 * `Stream` type may add optional members, in which the watch keeps what it knows of a stream.
 */
export function watchStreams<Stream extends ServerHttp2Stream>({
  created,
  closed,
}: StreamWatch<Stream>): { close(): void } {
  const heard = [
    ['http2.server.stream.created', created],
    ['http2.server.stream.close', closed],
  ].filter(([, listener]) => listener) as [string, ChannelListener][];
  for (const [channel, listener] of heard) subscribe(channel, listener);
  return {
    close() {
      for (const [channel, listener] of heard) unsubscribe(channel, listener);
    },
  };
}
