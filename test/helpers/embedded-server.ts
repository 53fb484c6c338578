import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { EmbeddedKms } from '../../src/kms/embedded/embedded.ts';
import { createEmbeddedHandler } from '../../src/kms/embedded/serve.ts';

/** An embedded KMS behind AWS's protocol, on a free port. */
export async function serveEmbedded(embedded: EmbeddedKms) {
  const onInternal = (_id: string, cause: unknown) => console.error(cause);
  const server = createServer(createEmbeddedHandler({ embedded, onInternal }));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
