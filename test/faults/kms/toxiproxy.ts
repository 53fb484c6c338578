import { type Child, startChild } from '../../interop/helpers/child.ts';
import { freePort } from '../../interop/helpers/ports.ts';

/** https://github.com/Shopify/toxiproxy#toxics */
export interface Toxic {
  readonly type: string;
  readonly attributes: Readonly<Record<string, number>>;
  /** `upstream` is towards KMS. */
  readonly stream?: 'upstream' | 'downstream';
}

/** A network that can be poisoned. */
export interface Toxiproxy {
  /** Address that forwards to `target`. */
  readonly url: string;
  poison(toxic: Toxic): Promise<void>;
  clean(): Promise<void>;
  stop(): Promise<void>;
}

export async function startToxiproxy(target: number): Promise<Toxiproxy> {
  const [api, port] = [await freePort(), await freePort()];
  const child = startChild('server', ['-host', '127.0.0.1', '-port', String(api)]);
  await child.matches(/Starting HTTP server on endpoint/i);
  const post = (path: string, body: unknown) => ask(child, `http://127.0.0.1:${api}${path}`, body);
  const [listen, upstream] = [port, target].map((at) => `127.0.0.1:${at}`);
  await post('/proxies', { name: 'kms', listen, upstream });
  return {
    url: `http://${listen}`,
    poison: ({ type, attributes, stream = 'downstream' }) =>
      post('/proxies/kms/toxics', { type, attributes, stream }),
    clean: () => post('/reset', {}),
    stop: async () => void (await child.stop()),
  };
}

async function ask(child: Child, url: string, body: unknown): Promise<void> {
  const answer = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${await answer.text()}\n${child.output()}`);
  await answer.arrayBuffer();
}
