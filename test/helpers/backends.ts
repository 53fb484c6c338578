import { createAwsBackend } from '../../src/kms/aws/backend.ts';
import { createEmbeddedBackend } from '../../src/kms/embedded/backend.ts';
import type { EmbeddedKms } from '../../src/kms/embedded/embedded.ts';
import type { Kms } from '../../src/kms/port.ts';
import { serveEmbedded } from './embedded-server.ts';

interface Reached {
  readonly embedded: EmbeddedKms;
  readonly region: string;
  /** Where it is served by AWS's protocol. */
  readonly url: string;
}

/** Every way of the proxy to a KMS. */
const WAYS = {
  embedded: async ({ embedded }: Reached) => createEmbeddedBackend(embedded),
  'AWS (direct)': (to: Reached) => openAws(to, 'direct'),
  'AWS (sdk)': (to: Reached) => openAws(to, 'sdk'),
} satisfies Readonly<Record<string, (to: Reached) => Promise<Kms>>>;

export const BACKENDS = Object.keys(WAYS) as (keyof typeof WAYS)[];

function openAws({ region, url }: Reached, transport: 'direct' | 'sdk'): Promise<Kms> {
  return createAwsBackend({
    ...{ region, endpoint: url, transport, allowEmbedded: true, env: {}, warn: () => {} },
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
  });
}

/** All of them to one embedded KMS. */
export async function openBackends(embedded: EmbeddedKms, region: string) {
  const server = await serveEmbedded(embedded);
  const to = { embedded, region, url: server.url };
  const opened = new Map<string, Kms>();
  for (const name of BACKENDS) opened.set(name, await WAYS[name](to));
  return {
    of(name: string): Kms {
      const kms = opened.get(name);
      if (!kms) throw new Error(`there is no backend ${name}`);
      return kms;
    },
    async close() {
      for (const kms of opened.values()) await kms.close();
      server.close();
    },
  };
}
