import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A credentials endpoint like that of EKS Pod Identity. */
export interface CredentialsProvider {
  readonly url: string;
  mode: 'serves' | 'fails' | 'hangs';
  /** How many times it was asked. */
  asked: number;
  /** When the credentials with this access key id expire, as they stated. */
  endOf(accessKeyId: string): number;
  close(): void;
}

/** `lifeMs`: how long credentials live, by the clock `now`. */
export async function startCredentialsProvider(
  lifeMs: number,
  now: () => number,
): Promise<CredentialsProvider> {
  const ends = new Map<string, number>();
  const server = createServer((_, response) => {
    provider.asked += 1;
    if (provider.mode === 'hangs') return;
    if (provider.mode === 'fails') {
      response.writeHead(500).end();
      return;
    }
    const AccessKeyId = `AKID${String(ends.size).padStart(12, '0')}`;
    const end = now() + lifeMs;
    ends.set(AccessKeyId, end);
    const Expiration = new Date(end).toISOString();
    response.end(JSON.stringify({ AccessKeyId, SecretAccessKey: 's', Token: 't', Expiration }));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const provider: CredentialsProvider = {
    url: `http://127.0.0.1:${port}/`,
    mode: 'serves',
    asked: 0,
    endOf: (accessKeyId) => ends.get(accessKeyId) ?? 0,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
  return provider;
}
