import type { Terminal } from './command.ts';

const DEFAULT_TARGET = '127.0.0.1:50051';

/** The address that the proxy beside us listens on; where that is every interface, it is asked on loopback. */
export function proxyBesideUs(env: Terminal['env']): string {
  const listen = env['KRP_GRPC__LISTEN'];
  if (listen === undefined || listen === '') return DEFAULT_TARGET;
  return listen.replace(/^(?:0\.0\.0\.0|\[::\])(?=:\d+$)/, '127.0.0.1');
}
