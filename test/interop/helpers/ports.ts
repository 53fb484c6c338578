import { once } from 'node:events';
import { createServer } from 'node:net';

/** The system soon reuses a freed port, and two doors of one proxy need different ones. */
const given = new Set<number>();

/** A loopback port that was free a moment ago, for programs that cannot be told to take any. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  if (given.has(address.port)) return freePort();
  given.add(address.port);
  return address.port;
}
