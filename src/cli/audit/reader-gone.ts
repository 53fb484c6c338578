import type { Terminal } from '../command.ts';

/** Aborts `controller` once nobody reads any more (`| head`): main.ts ignores that, because a proxy goes on. */
export function stopUnread(controller: AbortController, { stdout }: Pick<Terminal, 'stdout'>) {
  const stop = () => controller.abort();
  stdout.once('error', stop);
  return () => void stdout.off('error', stop);
}
