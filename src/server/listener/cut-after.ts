import type { Socket } from 'node:net';

interface Draining {
  /** Resolves once every connection has ended. */
  readonly closed: Promise<void>;
  readonly graceMs: number;
  readonly open: ReadonlySet<Socket>;
  /** Aborted when no time is left, to cut the rest at once. */
  readonly hurry: AbortSignal | undefined;
}

/** Waits for connections to end and cuts what is left after `graceMs`; resolves to the number cut. */
export async function cutAfter({ closed, graceMs, open, hurry }: Draining): Promise<number> {
  let number = 0;
  const cut = (): void => {
    number += open.size;
    for (const socket of open) socket.destroy();
  };
  const timer = setTimeout(cut, graceMs);
  hurry?.addEventListener('abort', cut, { once: true });
  if (hurry?.aborted) cut();
  await closed;
  clearTimeout(timer);
  hurry?.removeEventListener('abort', cut);
  return number;
}
