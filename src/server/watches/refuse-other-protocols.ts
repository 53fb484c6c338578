import { watchStreams } from './watch-streams.ts';

/** Messages are protobuf, which the suffix may say: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests */
const GRPC = /^application\/grpc(\+proto)?[ \t]*(;|$)/;

/**
 * Has grpc-js refuse what only begins like gRPC. It would perform a call of gRPC-Web, and answer in a form that
 * the caller cannot read.
 */
export function refuseOtherProtocols(): { close(): void } {
  return watchStreams({
    created({ headers }) {
      if (headers && !GRPC.test(headers['content-type'] ?? '')) delete headers['content-type'];
    },
  });
}
